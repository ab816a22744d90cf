//! The frame around all pages.

use maud::{DOCTYPE, Markup, html};

use super::session::Visitor;

/// A page without a session.
pub(super) fn bare(title: &str, content: &Markup) -> Markup {
    document(title, &html! { main.narrow { (content) } })
}

/// A page with its navigation bar; `place` is the link that is marked as current.
pub(super) fn page(title: &str, place: &str, visitor: &Visitor, content: &Markup) -> Markup {
    let link = |path: &str, text: &str| {
        html! { a href=(path) aria-current=[(path == place).then_some("page")] { (text) } }
    };
    document(
        title,
        &html! {
            header {
                nav aria-label="Pages" { (link("/", "To do")) (link("/orders", "Orders")) (link("/kiosks", "Kiosks")) }
                div.who {
                    span { (visitor.person) }
                    @if !visitor.is_by_proxy {
                        form method="post" action="/sign-out" {
                            (key(visitor))
                            button type="submit" { "Sign out" }
                        }
                    }
                }
            }
            main { (content) }
            footer { "Times are Indian Standard Time. Amounts are rupees." }
        },
    )
}

/// The hidden field that shows that a form belongs to this session.
pub(super) fn key(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="key" value=(visitor.form_key()); }
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – backend" }
                link rel="stylesheet" href="/style.css";
            }
            body { (body) }
        }
    }
}
