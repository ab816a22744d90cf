//! Codes that nobody pays, on a kiosk: nine flash sectors, a backend that sends money back.

use pay_core::Outcome;
use pay_core::drive::{Blocking, Routes};
use pay_core::model::Amount;
use pay_core::model::method::Upi;
use pay_core::sale::{Buffers, Refunds};
use pay_core::till::{Till, Wish};
use sandbox::{Rules, Unfinished};
use tests::nor::{Nor, block_on};
use transport_embassy::journal::FlashJournal;

use crate::till::{customer, device, part_with, terms};

type Flash = FlashJournal<Nor<4, 4096>, 9>;

/// S2 and F1. Meant to notice: the record of a code that nobody paid kept open, so that eight of them fill the flash; one that counts against
/// the limits. The sandbox ends these attempts when their order closes, so both runs may end as not paid; that a code may stay NOT_ATTEMPTED
/// for ever is played by scenario SB-121.
#[test]
fn fifty_abandoned_codes_leave_a_kiosk_selling() {
    for unfinished in [Unfinished::NotAttempted, Unfinished::Dropped] {
        let mut part = part_with(Rules { unfinished, terminate_after_ms: 0, ..Rules::default() });
        let mut terms = terms();
        terms.policy.refunds = Refunds::ByBackend;
        let (mut tx, mut rx) = (vec![0; 2_048], vec![0; 32_768]);
        let journal: Flash = block_on(FlashJournal::format(Nor::new(9), 0..9 * 4096)).unwrap();
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let routes = Routes::same(Blocking(part.clone()));
        let mut till = Till::new(routes, device(journal), terms, [1; 32], buffers, ());
        let amount = Amount::from_minor(1_015).unwrap();
        for n in 0..50 {
            let order =
                block_on(till.create(amount, customer(), &mut part)).unwrap_or_else(|error| panic!("{n}: {error}"));
            part.wish(3_000, Wish::Cancel);
            let outcome = block_on(till.sell(order, Upi::link(), &mut part)).unwrap();
            // What is final is known after half a minute; what takes half an hour is the backend's.
            let is_so = matches!(outcome, Outcome::HandedOver | Outcome::NotPaid(_));
            assert!(is_so, "{n}: {outcome:?}");
        }
        assert!(block_on(till.journal().next_open(None)).unwrap().is_none(), "nothing is open");
        let order = block_on(till.create(amount, customer(), &mut part)).unwrap();
        let outcome = block_on(till.sell(order, Upi::link(), &mut part)).unwrap();
        assert!(matches!(outcome, Outcome::Paid { .. }), "{outcome:?}");
    }
}
