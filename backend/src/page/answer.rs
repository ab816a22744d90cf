//! Answers to a browser, with the headers that confine it to this page.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header;
use maud::{Markup, html};

use crate::answer::Answer;
use crate::door::Response;

use super::layout;
use super::session::Visitor;
use super::setup::Rules;

/// No content from outside, no script, no frame, no form that posts elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("style.css");

/// An answer.
pub(super) struct Shown {
    status: u16,
    kind: &'static str,
    body: String,
    to: Option<String>,
    cookie: Option<String>,
}

impl Shown {
    pub(super) fn page(page: Markup) -> Self {
        Self { status: 200, kind: "text/html; charset=utf-8", body: page.into_string(), to: None, cookie: None }
    }

    pub(super) fn style() -> Self {
        Self { status: 200, kind: "text/css; charset=utf-8", body: STYLE.to_owned(), to: None, cookie: None }
    }

    /// Redirects the browser to another page.
    pub(super) fn to(path: impl Into<String>) -> Self {
        Self { status: 303, to: Some(path.into()), ..Self::page(html! {}) }
    }

    pub(super) fn refused(status: u16, why: &str) -> Self {
        Self {
            status,
            ..Self::page(layout::bare(why, &html! { h1 { (why) } p { a href="/" { "To the first page" } } }))
        }
    }

    /// An answer for what the rules refuse.
    pub(super) fn of(answer: &Answer) -> Self {
        match answer.status {
            404 => Self::refused(404, "There is no such order."),
            _ => Self::refused(503, "The database gives no answer. Try again."),
        }
    }

    pub(super) fn no_database() -> Self {
        Self::refused(503, "The database gives no answer. Try again.")
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn with_cookie(mut self, cookie: String) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// Sets the cookie of a session that began with this request.
    pub(super) fn with_session(self, visitor: &Visitor, rules: &Rules) -> Self {
        match visitor.begun(rules) {
            Some(cookie) if self.cookie.is_none() => self.with_cookie(cookie),
            _ => self,
        }
    }

    pub(super) fn response(self) -> Response {
        let mut builder = hyper::Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, self.kind)
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::X_FRAME_OPTIONS, "DENY")
            // With `no-referrer` browsers would send `Origin: null` with our own forms.
            .header(header::REFERRER_POLICY, "same-origin")
            .header("cross-origin-opener-policy", "same-origin")
            .header("cross-origin-resource-policy", "same-origin");
        if let Some(to) = self.to {
            builder = builder.header(header::LOCATION, to);
        }
        if let Some(cookie) = self.cookie {
            builder = builder.header(header::SET_COOKIE, cookie);
        }
        builder.body(Full::new(Bytes::from(self.body))).unwrap_or_default()
    }
}
