//! A page for people: what needs a person, what happened to each order, and the decisions a person can make about it.
//!
//! It decides nothing: each decision goes through [`rules`](crate::rules), like a device's report. It shows no session, key, token or hash.
//! The book stores nothing about shoppers, so the page shows nothing about them.

mod answer;
mod attempts;
mod form;
mod kiosks;
mod layout;
mod order;
mod orders;
mod session;
mod setup;
mod sign_in;
mod standing;
mod story;
mod time;
mod todo;

use core::net::SocketAddr;
use std::sync::Arc;

use crate::desk::Desk;
use crate::door::{Request, Response};

pub use setup::PageConfig;
pub(crate) use setup::Rules;

use answer::Shown;
use attempts::Attempts;
use form::Asked;
use session::Visitor;

/// What the page's requests need.
pub(crate) struct Page {
    rules: Rules,
    desk: Arc<Desk>,
    attempts: Attempts,
}

impl Page {
    pub(crate) fn new(rules: Rules, desk: Arc<Desk>) -> Self {
        Self { rules, desk, attempts: Attempts::default() }
    }

    /// Answers a browser. Blocks for the database and for hashing a password.
    fn respond(&self, asked: &Asked, peer: SocketAddr) -> Shown {
        if asked.path == "/style.css" && asked.method == "GET" {
            return Shown::style();
        }
        self.route(asked, peer).unwrap_or_else(|shown| shown)
    }

    fn route(&self, asked: &Asked, peer: SocketAddr) -> Result<Shown, Shown> {
        asked.check(&self.rules)?;
        let visitor = self.visitor(asked)?;
        let parts: Vec<&str> = asked.path.split('/').skip(1).collect();
        match (asked.method.as_str(), parts.as_slice(), visitor) {
            ("GET", ["sign-in"], None) => Ok(sign_in::show(None)),
            ("POST", ["sign-in"], None) => self.sign_in(asked, peer),
            ("GET", _, None) => Err(Shown::to("/sign-in")),
            (_, _, None) => Err(Shown::refused(403, "You are not signed in.")),
            (method, parts, Some(visitor)) => self.for_visitor(method, parts, &visitor, asked),
        }
    }

    fn for_visitor(&self, method: &str, parts: &[&str], visitor: &Visitor, asked: &Asked) -> Result<Shown, Shown> {
        if method == "POST" {
            visitor.check(asked)?;
        }
        let shown = match (method, parts) {
            ("GET", [""]) => todo::show(&self.desk, visitor),
            ("GET", ["orders"]) => orders::show(&self.desk, visitor, asked),
            ("GET", ["orders", id]) => order::show(&self.desk, visitor, id, asked),
            ("POST", ["orders", id, "decide"]) => order::decide(&self.desk, visitor, id, asked),
            ("POST", ["orders", id, "done"]) => order::done(&self.desk, visitor, id, asked),
            ("GET", ["kiosks"]) => kiosks::show(&self.desk, visitor),
            ("GET", ["sign-in"]) => Err(Shown::to("/")),
            ("POST", ["sign-out"]) => self.sign_out(visitor),
            ("GET" | "POST", _) => Err(Shown::refused(404, "There is no such page.")),
            _ => Err(Shown::refused(405, "This page does not have this method.")),
        }?;
        Ok(shown.with_session(visitor, &self.rules))
    }
}

/// Answers one request.
pub(crate) async fn answer(request: Request, peer: SocketAddr, page: Arc<Page>) -> Response {
    match Asked::read(request).await {
        Ok(asked) => {
            let shown = tokio::task::spawn_blocking(move || page.respond(&asked, peer)).await;
            shown.unwrap_or_else(|_| Shown::refused(500, "The backend failed.")).response()
        }
        Err(shown) => shown.response(),
    }
}
