//! What can happen in a world, and what is in it.

use pay_core::sale::Refunds;
use pay_core::till::Terms;
use pay_core::till::canonical::Caps;

use super::gateway::{Kind, SESSION};
use super::terminal::terms;

/// What can happen in a world, and what is in it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its name.
    pub name: &'static str,
    /// How many terminals have the order.
    pub terminals: u8,
    /// The first terminal creates the order; else all are given it.
    pub creates: bool,
    /// What is typed in as its session.
    pub session: &'static str,
    /// Ways to pay.
    pub kinds: &'static [Kind],
    /// The most attempts of one sale.
    pub attempts: usize,
    /// Payments by strangers.
    pub strangers: usize,
    /// A payment that nobody completed is dropped when the order ends; else it stays as it is for ever.
    pub drops: bool,
    /// Lists may have an element that cannot be read.
    pub hides: bool,
    /// The journal may fail.
    pub flash_fails: bool,
    /// The journal may be lost with the terminal.
    pub loses_journal: bool,
    /// Requests may arrive after their sender has given up.
    pub late: bool,
    /// Requests may be refused, throttled, fail at the bank or not leave, beside being lost; a backend at its duties may hear no
    /// answer, or die before it.
    pub refuses: bool,
    /// Somebody may wait for an hour, with the power or without.
    pub hours: bool,
    /// A payment may fail.
    pub fails: bool,
    /// The shopper may want another method while one is open.
    pub switches: bool,
    /// The merchant's backend creates and closes orders, gives the right to hand out, and refunds.
    pub backend: bool,
    /// That backend sends Order Pay on, too; `Some(true)`: the gateway knows an attempt that is sent again by its key.
    pub relays: Option<bool>,
    /// Webhooks tell that backend of payments, and it tells a till that waits, once it has read them.
    pub tells: bool,
    /// Where counting stops.
    pub caps: Caps,
    /// What the merchant decided.
    pub terms: Terms,
    /// What the merchant decides otherwise, at any boot; then the device has another secret too.
    pub other: Option<Terms>,
}

impl Rules {
    /// One terminal, one method, nobody else.
    pub fn small(name: &'static str) -> Self {
        Self {
            name,
            terminals: 1,
            creates: false,
            session: SESSION,
            kinds: &[Kind::Link],
            attempts: 1,
            strangers: 0,
            drops: false,
            hides: false,
            flash_fails: false,
            loses_journal: false,
            late: false,
            refuses: true,
            hours: true,
            fails: true,
            switches: false,
            backend: false,
            relays: None,
            tells: false,
            caps: Caps { failures: 3, age_ms: 0 },
            terms: terms(Refunds::ByKeys),
            other: None,
        }
    }
}

impl Rules {
    /// Of a boot; `other`: after the merchant has decided otherwise.
    pub(super) fn terms(&self, other: bool) -> &Terms {
        self.other.as_ref().filter(|_| other).unwrap_or(&self.terms)
    }
}
