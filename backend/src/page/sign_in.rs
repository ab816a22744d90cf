//! Signing in.

use core::net::SocketAddr;
use core::time::Duration;

use maud::{Markup, html};

use crate::password;

use super::Page;
use super::answer::Shown;
use super::form::Asked;
use super::layout;

pub(super) fn show(wrong: Option<&str>) -> Shown {
    Shown::page(layout::bare("Sign in", &form(wrong)))
}

fn form(wrong: Option<&str>) -> Markup {
    html! {
        h1 { "Sign in" }
        @if let Some(wrong) = wrong { p.note.bad role="alert" { (wrong) } }
        form.stack method="post" action="/sign-in" {
            label for="name" { "Name" }
            input #name name="name" autocomplete="username" autocapitalize="none" required maxlength="64";
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password" required;
            button.main type="submit" { "Sign in" }
        }
    }
}

impl Page {
    /// Signs in by name and password. The answer does not tell which of them is wrong.
    pub(super) fn sign_in(&self, asked: &Asked, peer: SocketAddr) -> Result<Shown, Shown> {
        let (person, secret) = (asked.field("name"), asked.field("password"));
        let now = self.desk.clock.now();
        // Behind a proxy all requests come from one address.
        let address = (!peer.ip().is_loopback()).then(|| format!("address {}", peer.ip()));
        let who = format!("name {}", person.get(..64).unwrap_or(person));
        for key in address.iter().chain([&who]) {
            self.attempts.begin(key, now).map_err(later)?;
        }
        let hash = self.desk.store.password_hash(person).map_err(|_| Shown::no_database())?;
        if !password::is_right(secret, hash.as_deref()) {
            return Err(show(Some("The name or the password is wrong.")).with_status(403));
        }
        address.iter().chain([&who]).for_each(|key| self.attempts.right(key));
        let visitor = self.begin(person, false)?;
        Ok(Shown::to("/").with_session(&visitor, &self.rules))
    }
}

fn later(wait: Duration) -> Shown {
    let wait = wait.as_secs().max(1);
    show(Some(&format!("Too many wrong passwords. Try again in {wait} seconds."))).with_status(429)
}
