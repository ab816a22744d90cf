//! The page that lists the kiosks.

use maud::html;

use crate::account::MERCHANT;
use crate::desk::Desk;
use crate::rules::Way;

use super::answer::Shown;
use super::layout;
use super::session::Visitor;
use super::time;

pub(super) fn show(desk: &Desk, visitor: &Visitor) -> Result<Shown, Shown> {
    let tokens = desk.store.tokens().map_err(|_| Shown::no_database())?;
    let open = desk.store.open_counts().map_err(|_| Shown::no_database())?;
    // Most merchants have one account only.
    let has_accounts = desk.accounts().count() > 1 || tokens.iter().any(|(_, token)| token.account != MERCHANT);
    let content = html! {
        h1 { "Kiosks" }
        @if tokens.is_empty() {
            p.note { "There is no kiosk yet: backend token add NAME" }
        } @else {
            table {
                thead { tr {
                    th { "Kiosk" } th { "Shop" } @if has_accounts { th { "Account" } } th { "Last seen" } th.number { "Open sales" } th { "Pays" } th { "Since" }
                } }
                tbody {
                    @for (owner, token) in &tokens {
                        tr {
                            td data-label="Kiosk" {
                                span {
                                    a href={ "/orders?kiosk=" (token.name) } { (token.name) }
                                    @if token.revoked.is_some() { " " span.tag.bad { "revoked" } }
                                }
                            }
                            td data-label="Shop" { @if token.shop.is_empty() { "–" } @else { (token.shop) } }
                            @if has_accounts { td data-label="Account" { (token.account) } }
                            td data-label="Last seen" { (time::or_dash(token.seen)) }
                            td.number data-label="Open sales" { (open.get(owner).copied().unwrap_or(0)) }
                            td data-label="Pays" {
                                @match token.way { Way::Direct => "at the gateway", Way::Relayed => "through the backend" }
                            }
                            td data-label="Since" { (time::or_dash(token.made)) }
                        }
                    }
                }
            }
        }
    };
    Ok(Shown::page(layout::page("Kiosks", "/kiosks", visitor, &content)))
}
