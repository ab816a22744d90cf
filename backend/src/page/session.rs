//! The person who looks at the page.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::store::is_name;
use crate::token::hex;

use super::Page;
use super::answer::Shown;
use super::form::Asked;
use super::setup::Rules;

/// A person with a session.
pub(super) struct Visitor {
    pub(super) person: String,
    /// The cookie's value.
    secret: Zeroizing<String>,
    /// The session began with this request.
    is_new: bool,
    /// A proxy names the person: there is no session to end here.
    pub(super) is_by_proxy: bool,
}

impl Visitor {
    /// The token that each form of this session carries. Another page cannot know it.
    pub(super) fn form_key(&self) -> String {
        hex(&Sha256::digest(format!("form\0{}", *self.secret)))
    }

    /// Checks that a form carries the token.
    pub(super) fn check(&self, asked: &Asked) -> Result<(), Shown> {
        let own = !self.is_new && bool::from(asked.field("key").as_bytes().ct_eq(self.form_key().as_bytes()));
        if own { Ok(()) } else { Err(Shown::refused(403, "This form is not of your session. Load the page again.")) }
    }

    /// The cookie, if the browser does not have it yet.
    pub(super) fn begun(&self, rules: &Rules) -> Option<String> {
        self.is_new.then(|| cookie(rules, &self.secret, ""))
    }

    pub(super) fn session(&self) -> String {
        hash(&self.secret)
    }
}

impl Page {
    /// The person who sent the request; `None`: nobody is signed in.
    pub(super) fn visitor(&self, asked: &Asked) -> Result<Option<Visitor>, Shown> {
        let named = match &self.rules.person_header {
            Some(header) => {
                let person = asked.header(header.as_str()).filter(|name| is_name(name));
                Some(person.ok_or_else(|| Shown::refused(401, "The proxy does not say who you are."))?)
            }
            None => None,
        };
        let secret = asked.cookie(name(&self.rules)).filter(|secret| secret.len() == 64);
        if let Some(secret) = secret {
            let person = self.desk.store.session(&hash(secret), self.desk.clock.moment());
            let person = person.map_err(|_| Shown::no_database())?;
            if let Some(person) = person.filter(|person| named.is_none_or(|named| named == person)) {
                let secret = Zeroizing::new(secret.to_owned());
                return Ok(Some(Visitor { person, secret, is_new: false, is_by_proxy: named.is_some() }));
            }
        }
        named.map(|person| self.begin(person, true)).transpose()
    }

    /// Begins a session.
    pub(super) fn begin(&self, person: &str, is_by_proxy: bool) -> Result<Visitor, Shown> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|_| Shown::refused(503, "There are no random bytes."))?;
        let secret = Zeroizing::new(hex(bytes.as_ref()));
        let begun = self.desk.store.begin_session(&hash(&secret), person, self.desk.clock.moment());
        begun.map_err(|_| Shown::no_database())?;
        Ok(Visitor { person: person.to_owned(), secret, is_new: true, is_by_proxy })
    }

    pub(super) fn sign_out(&self, visitor: &Visitor) -> Result<Shown, Shown> {
        self.desk.store.end_session(&visitor.session()).map_err(|_| Shown::no_database())?;
        Ok(Shown::to("/sign-in").with_cookie(cookie(&self.rules, "", "; Max-Age=0")))
    }
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

/// Browsers accept the first (`__Host-`) over TLS only, and from this host only.
fn name(rules: &Rules) -> &'static str {
    if rules.is_secure() { "__Host-session" } else { "session" }
}

fn cookie(rules: &Rules, secret: &str, more: &str) -> String {
    let secure = if rules.is_secure() { "; Secure" } else { "" };
    format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", name(rules))
}
