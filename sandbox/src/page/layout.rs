//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

/// A page; `frame` is the class of what is around its content.
pub(crate) fn page(title: &str, frame: &str, content: &Markup) -> Markup {
    document(title, None, frame, content)
}

/// A page that is got anew every so many seconds.
pub(crate) fn renewed(title: &str, seconds: u32, frame: &str, content: &Markup) -> Markup {
    document(title, Some(seconds), frame, content)
}

fn document(title: &str, renewed: Option<u32>, frame: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = renewed { meta http-equiv="refresh" content=(seconds); }
                title { (title) }
                link rel="stylesheet" href="/style.css";
            }
            body {
                main class=(frame) { (content) }
                footer {
                    @if renewed.is_none() { a href="/payments" { "What waits for the shopper" } }
                    p { "A sandbox on this machine: no money moves." }
                }
            }
        }
    }
}
