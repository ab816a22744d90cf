//! What a browser gets, with the headers that keep it to this page.

use crate::ground::http::Response;
use crate::page::layout;
use maud::{Markup, html};

/// Nothing from elsewhere, no script, no frame, no form to elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("style.css");

/// An answer.
pub(crate) struct Shown {
    status: u16,
    kind: &'static str,
    body: String,
    to: Option<String>,
}

impl Shown {
    pub(crate) fn page(page: Markup) -> Self {
        Self { status: 200, kind: "text/html; charset=utf-8", body: page.into_string(), to: None }
    }

    pub(crate) fn style() -> Self {
        Self { status: 200, kind: "text/css; charset=utf-8", body: STYLE.to_owned(), to: None }
    }

    /// Has the browser get another page.
    pub(crate) fn to(path: &str) -> Self {
        Self { status: 303, to: Some(path.to_owned()), ..Self::page(html! {}) }
    }

    pub(crate) fn refused(status: u16, why: &str) -> Self {
        Self { status, ..Self::page(layout::page("Sandbox", "card", &html! { h1 { (why) } })) }
    }

    pub(crate) fn response(self) -> Response {
        let mut headers = vec![
            ("content-type".to_owned(), self.kind.to_owned()),
            ("cache-control".to_owned(), "no-store".to_owned()),
            ("content-security-policy".to_owned(), POLICY.to_owned()),
            ("x-content-type-options".to_owned(), "nosniff".to_owned()),
            ("x-frame-options".to_owned(), "DENY".to_owned()),
            // With `no-referrer` browsers would say `Origin: null` of our own forms.
            ("referrer-policy".to_owned(), "same-origin".to_owned()),
            ("cross-origin-opener-policy".to_owned(), "same-origin".to_owned()),
            ("cross-origin-resource-policy".to_owned(), "same-origin".to_owned()),
        ];
        headers.extend(self.to.map(|to| ("location".to_owned(), to)));
        Response { status: self.status, headers, body: self.body.into_bytes(), fault: None }
    }
}
