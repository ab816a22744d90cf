//! The worlds.

use super::gateway::Kind;
use super::rules::Rules;
use super::terminal::terms;
use pay_core::sale::Refunds;
use pay_core::till::Terms;

/// All of them; `full`: the large ones too.
pub fn worlds(full: bool) -> Vec<Rules> {
    // Two terminals: what each of them does alone at length is in the other worlds.
    let mut two =
        Rules { terminals: 2, drops: true, refuses: false, hours: false, fails: false, ..Rules::small("two") };
    two.terms.policy.repeats = 0;
    let mut all = vec![
        Rules { late: true, creates: true, kinds: &[Kind::Collect], ..Rules::small("create") },
        Rules { late: true, strangers: 1, ..Rules::small("stranger") },
        // Somebody has typed in another order's session.
        Rules { session: "session_of_another", refuses: false, ..Rules::small("session") },
        // The journal is lost, and the same order is created again.
        Rules { creates: true, loses_journal: true, refuses: false, drops: true, ..Rules::small("lost") },
        Rules { hides: true, strangers: 1, refuses: false, kinds: &[Kind::Collect], ..Rules::small("hidden") },
        Rules { switches: true, attempts: 2, refuses: false, fails: false, ..Rules::small("switch") },
        // The merchant's book alone, two payments being under way.
        Rules { terminals: 0, attempts: 2, backend: true, ..Rules::small("book") },
        // The till of a kiosk: orders, closing, the right to hand out and refunds are the backend's.
        Rules { creates: true, backend: true, refuses: false, terms: kiosk(), ..Rules::small("backend") },
        // The same kiosk waits at its backend, which hears of payments by webhooks, lost, late and doubled.
        Rules { creates: true, backend: true, tells: true, refuses: false, terms: kiosk(), ..Rules::small("told") },
        // The same kiosk pays through its backend too, which dies before, in and behind each forward.
        Rules {
            creates: true,
            backend: true,
            relays: Some(true),
            refuses: false,
            terms: kiosk(),
            ..Rules::small("relay")
        },
        // The gateway looks at no key, and the payment charges by itself.
        Rules {
            creates: true,
            backend: true,
            relays: Some(false),
            refuses: false,
            kinds: &[Kind::Collect],
            terms: kiosk(),
            ..Rules::small("relay-unkeyed")
        },
        // A card whose password the shopper types at the till.
        Rules { kinds: &[Kind::Otp], ..Rules::small("otp") },
        // The till knows its order's session and has no way to ask.
        Rules { kinds: &[Kind::Collect], terms: blind(), ..Rules::small("blind") },
        // At any boot the merchant may have decided that the till refunds, or that the backend does.
        Rules {
            backend: true,
            refuses: false,
            kinds: &[Kind::Collect],
            other: Some(kiosk()),
            ..Rules::small("changes")
        },
        // Two terminals that charge by themselves.
        Rules { kinds: &[Kind::Collect], name: "two-collects", ..two.clone() },
    ];
    if full {
        all.extend([
            // Records are not stored, or are and nobody hears of it.
            Rules { flash_fails: true, refuses: false, hours: false, drops: true, ..Rules::small("flash") },
            // Two of ours and a stranger's.
            Rules {
                attempts: 2,
                strangers: 1,
                switches: true,
                refuses: false,
                hours: false,
                drops: true,
                fails: false,
                ..Rules::small("three")
            },
            two,
        ]);
    }
    all
}

/// A kiosk's.
fn kiosk() -> Terms {
    let mut terms = terms(Refunds::ByBackend);
    terms.policy.claim = true;
    terms
}

/// Of a till that cannot ask.
fn blind() -> Terms {
    let mut terms = terms(Refunds::ByCaller);
    terms.policy.can_ask = false;
    terms.policy.release = false;
    terms
}
