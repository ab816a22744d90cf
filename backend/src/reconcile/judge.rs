//! Decides whether a doubt is a difference, once the gateway was asked about that order alone.

use pay_core::sale::Standing;

use super::difference::Kind;
use super::doubt::{Doubt, gives_back};
use super::listed::Shown;
use super::reading::{At, Reading};
use crate::book::{Back, Entry};

/// The result of a doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Book and gateway agree.
    Same,
    Differs(Kind),
    /// The gateway gave no answer that decides.
    Unknown,
}

/// Judges a doubt by the book's state after the reading.
pub(crate) fn judge(doubt: &Doubt, entry: &Entry, shown: &Shown, read: &Reading) -> Verdict {
    match doubt {
        Doubt::Amount => match read.amount {
            None => Verdict::Unknown,
            Some(theirs) if theirs == entry.amount() => Verdict::Same,
            Some(theirs) => Verdict::Differs(Kind::OrderAmount { ours: entry.amount(), theirs }),
        },
        Doubt::Payment(id) => payment(*id, entry, shown, read),
        Doubt::Refund(id) => refund(id, entry, shown, read),
        Doubt::Dispute(id) => Verdict::Differs(Kind::Dispute(id.clone())),
    }
}

fn payment(id: u64, entry: &Entry, shown: &Shown, read: &Reading) -> Verdict {
    let is_known = entry.attempts().any(|(other, known)| other == id && known.standing() == Standing::Succeeded);
    let is_shown = shown.payment(id).is_some_and(|payment| payment.standing == Standing::Succeeded);
    match (is_known, read.payment(id)) {
        (_, At::Unknown) => Verdict::Unknown,
        (true, At::Nowhere) if is_shown => Verdict::Differs(Kind::UnclearPayment(id)),
        (true, At::Nowhere) => Verdict::Differs(Kind::MissingPayment(id)),
        (false, At::Nowhere) if is_shown => Verdict::Differs(Kind::UnclearPayment(id)),
        (false, At::Nowhere) => Verdict::Same,
        (false, At::There(read)) if read.standing == Standing::Succeeded => Verdict::Differs(Kind::UnseenPayment(id)),
        // A payment that took no money by its own reading took none: the pages are older.
        (false, At::There(_)) => Verdict::Same,
        (true, At::There(read)) if read.standing != Standing::Succeeded => {
            Verdict::Differs(Kind::OtherPayment { id, standing: read.standing })
        }
        (true, At::There(read)) => {
            let price = shown.amount.unwrap_or(entry.amount());
            match read.amount.filter(|amount| *amount < price) {
                Some(amount) => Verdict::Differs(Kind::ShortPayment { id, amount }),
                None => Verdict::Same,
            }
        }
    }
}

fn refund(id: &str, entry: &Entry, shown: &Shown, read: &Reading) -> Verdict {
    let known = entry.refunds().find(|(other, _)| *other == id).map(|(_, known)| known);
    let counts = known.filter(|known| !matches!(known.back(), Back::Tried { .. }));
    let is_reversed = shown.refunds.iter().any(|refund| refund.id == id && refund.is_reversed);
    match (counts, read.refund(id)) {
        (_, At::Unknown) => Verdict::Unknown,
        (None, At::There((amount, back))) if gives_back(&back) => {
            Verdict::Differs(Kind::UnknownRefund { id: id.to_owned(), amount })
        }
        (None, At::There(_) | At::Nowhere) => Verdict::Same,
        (Some(known), At::Nowhere) if gives_back(known.back()) => Verdict::Differs(Kind::MissingRefund(id.to_owned())),
        (Some(_), At::Nowhere) => Verdict::Same,
        (Some(known), At::There((theirs, back))) => {
            let id = id.to_owned();
            if theirs != known.amount() {
                return Verdict::Differs(Kind::RefundAmount { id, ours: known.amount(), theirs });
            }
            match (known.back(), back) {
                (Back::Done, Back::OnItsWay) => Verdict::Same,
                (Back::Done | Back::OnItsWay, Back::Done | Back::OnItsWay) if is_reversed => {
                    Verdict::Differs(Kind::ReversedRefund(id))
                }
                (ours, theirs) if *ours == theirs => Verdict::Same,
                (_, back) => Verdict::Differs(Kind::OtherRefund { id, back }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pay_core::model::OrderId;

    use super::super::doubt::doubts;
    use super::super::listed::Listed;
    use super::super::page::{Booked, What};
    use super::super::reading::Payments;
    use super::super::recorded::Recorded;
    use super::super::window::Window;
    use super::*;
    use crate::book::{Event, Moment, Owner, Reading as BookReading, SeenPayment, SeenRefund, Terms, Unreported};
    use crate::rules::seen_refunds;

    const TERMS: Terms = Terms { life_ms: 900_000, first_look_ms: 2_000, unreported: Unreported::Tell };
    const WINDOW: Window = Window { from: 1_000, to: 2_000 };
    /// Within the window, in milliseconds.
    const WITHIN: u64 = 1_500_000;

    fn order() -> OrderId {
        OrderId::parse("till-1").unwrap()
    }

    /// An order over 10.15, as these payments and refunds of it were seen within the window.
    fn book(payments: &[(u64, &str)], refunds: &[(&str, u64, &str)]) -> Recorded {
        let mut recorded = Recorded::new(Entry::new(order(), Owner::new([7; 32]), 1015));
        recorded.on(&Event::Made { at: Moment(WITHIN) });
        let seen = |(id, status): &(u64, &str)| SeenPayment {
            id: *id,
            status: (*status).to_owned(),
            captured: None,
            completed: Some(WITHIN * 1000),
        };
        recorded.on(&Event::Read(BookReading {
            at: Moment(WITHIN),
            power_on: 1,
            date: None,
            status: None,
            payments: Some(payments.iter().map(seen).collect()),
            complete: true,
        }));
        for (id, amount, status) in refunds {
            let (id, status) = ((*id).to_owned(), (*status).to_owned());
            recorded.on(&Event::Refund(SeenRefund { id, order: String::new(), amount: *amount, status }));
        }
        recorded
    }

    fn shown(amount: u64, events: &[What]) -> Shown {
        let mut listed = Listed::default();
        for what in events {
            listed.add(Booked { order: order(), order_amount: Some(amount), what: what.clone() });
        }
        listed.take(&order())
    }

    fn paid(id: u64, standing: Standing, amount: u64) -> What {
        What::Payment { id, standing, amount: Some(amount) }
    }

    fn back(id: &str, status: &str, amount: u64) -> What {
        What::Refund { id: id.to_owned(), status: status.to_owned(), amount: Some(amount) }
    }

    /// The results of this order's doubts, with these lists read.
    fn verdicts(recorded: &Recorded, shown: &Shown, payments: &str, list: &str) -> Vec<Verdict> {
        let read = Reading {
            amount: None,
            payments: Some(Payments::of_list(&order(), payments.as_bytes())),
            refunds: seen_refunds(list.into()),
        };
        let found: BTreeSet<Doubt> = doubts(recorded, shown, WINDOW, TERMS);
        found.iter().map(|doubt| judge(doubt, &recorded.entry, shown, &read)).collect()
    }

    fn payment(id: u64, status: &str, amount: &str) -> String {
        format!(
            r#"{{"cf_payment_id":"{id}","payment_status":"{status}","payment_amount":{amount},"order_id":"till-1","payment_currency":"INR"}}"#
        )
    }

    fn refund(id: &str, status: &str, amount: &str) -> String {
        format!(
            r#"{{"refund_id":"{id}","refund_status":"{status}","refund_amount":{amount},"order_id":"till-1","refund_currency":"INR"}}"#
        )
    }

    // Meant to notice: a page believed without a reading; an incomplete or late list taken as proof that a payment is missing; a surcharge
    // taken for a difference.
    #[test]
    fn a_payment_differs_only_if_its_own_reading_says_so() {
        use Standing::{Over, Succeeded};
        let known = book(&[(7, "SUCCESS")], &[]);
        let unknown = book(&[(7, "PENDING")], &[]);
        let (success, failure) = (payment(7, "SUCCESS", "10.15"), payment(7, "FAILED", "10.15"));
        let list = |element: &str| format!("[{element}]");
        let none: &[Verdict] = &[];
        let differs = |kind| vec![Verdict::Differs(kind)];
        for (name, book, events, read, want) in [
            ("both have it", &known, vec![paid(7, Succeeded, 1015)], list(""), none.to_vec()),
            ("a surcharge", &known, vec![paid(7, Succeeded, 1035)], list(""), none.to_vec()),
            ("unseen", &unknown, vec![paid(7, Succeeded, 1015)], list(&success), differs(Kind::UnseenPayment(7))),
            ("the page is older", &unknown, vec![paid(7, Succeeded, 1015)], list(&failure), vec![Verdict::Same]),
            ("the list lags", &unknown, vec![paid(7, Succeeded, 1015)], list(""), differs(Kind::UnclearPayment(7))),
            ("the list is cut", &unknown, vec![paid(7, Succeeded, 1015)], "[".into(), vec![Verdict::Unknown]),
            ("the page lags", &known, vec![], list(&success), vec![Verdict::Same]),
            ("missing", &known, vec![], list(""), differs(Kind::MissingPayment(7))),
            ("perhaps missing", &known, vec![], "[".into(), vec![Verdict::Unknown]),
            (
                "taken back",
                &known,
                vec![paid(7, Over, 0)],
                list(&failure),
                differs(Kind::OtherPayment { id: 7, standing: Over }),
            ),
            ("not taken back", &known, vec![paid(7, Over, 0)], list(&success), vec![Verdict::Same]),
            (
                "short",
                &known,
                vec![paid(7, Succeeded, 500)],
                list(&payment(7, "SUCCESS", "5.00")),
                differs(Kind::ShortPayment { id: 7, amount: 500 }),
            ),
            ("not short", &known, vec![paid(7, Succeeded, 500)], list(&success), vec![Verdict::Same]),
            ("nobody has it", &unknown, vec![paid(7, Over, 0)], list(""), none.to_vec()),
        ] {
            assert_eq!(verdicts(book, &shown(1015, &events), &read, "[]"), want, "{name}");
        }
    }

    // Meant to notice: the same for refunds; money that a person returned in another way looked for at the gateway; a refund on its way
    // taken for a failed one.
    #[test]
    fn a_refund_differs_only_if_the_list_says_so() {
        let known = |status: &str| book(&[(7, "SUCCESS")], &[("r_1", 1015, status)]);
        let (done, moving, none) = (known("SUCCESS"), known("PENDING"), book(&[(7, "SUCCESS")], &[]));
        let mut by_people = known("REJECTED");
        by_people.on(&Event::Person {
            at: Moment(WITHIN),
            matter: "refund-r_1".to_owned(),
            who: "me".to_owned(),
            why: "cash".to_owned(),
        });
        let mut over = known("PENDING");
        // All readings are made: no duty is due.
        over.entry.on_old(&crate::book::Old::Counted);
        over.on(&Event::Refunds { list: Vec::new() });
        let list = |element: String| format!("[{element}]");
        let differs = |kind| vec![Verdict::Differs(kind)];
        let id = || "r_1".to_owned();
        let unknown = Kind::UnknownRefund { id: id(), amount: 1015 };
        let other = |back| Kind::OtherRefund { id: id(), back };
        for (name, book, events, read, want) in [
            ("both", &done, vec![back("r_1", "SUCCESS", 1015)], list(String::new()), vec![]),
            (
                "unknown",
                &none,
                vec![back("r_1", "SUCCESS", 1015)],
                list(refund("r_1", "SUCCESS", "10.15")),
                differs(unknown),
            ),
            ("it never went", &none, vec![back("r_1", "CANCELLED", 1015)], list(String::new()), vec![]),
            ("the page is wrong", &none, vec![back("r_1", "SUCCESS", 1015)], list(String::new()), vec![Verdict::Same]),
            ("the page lags", &done, vec![], list(refund("r_1", "SUCCESS", "10.15")), vec![Verdict::Same]),
            ("missing", &done, vec![], list(String::new()), differs(Kind::MissingRefund(id()))),
            ("perhaps missing", &done, vec![], "[".to_owned(), vec![Verdict::Unknown]),
            ("made by a person", &by_people, vec![], list(String::new()), vec![]),
            (
                "failed",
                &done,
                vec![back("r_1", "FAILED", 1015)],
                list(refund("r_1", "FAILED", "10.15")),
                differs(other(Back::Stuck("FAILED".to_owned()))),
            ),
            (
                "another sum",
                &done,
                vec![back("r_1", "SUCCESS", 500)],
                list(refund("r_1", "SUCCESS", "5")),
                differs(Kind::RefundAmount { id: id(), ours: 1015, theirs: 500 }),
            ),
            ("still on its way", &done, vec![back("r_1", "PENDING", 1015)], list(String::new()), vec![]),
            ("the book is to look", &moving, vec![back("r_1", "SUCCESS", 1015)], list(String::new()), vec![]),
            (
                "nobody looks any more",
                &over,
                vec![back("r_1", "SUCCESS", 1015)],
                list(refund("r_1", "SUCCESS", "10.15")),
                differs(other(Back::Done)),
            ),
            (
                "it came back",
                &done,
                vec![back("r_1", "SUCCESS", 1015), What::Reversal { id: id() }],
                list(refund("r_1", "SUCCESS", "10.15")),
                differs(Kind::ReversedRefund(id())),
            ),
        ] {
            let events = [vec![paid(7, Standing::Succeeded, 1015)], events].concat();
            assert_eq!(verdicts(book, &shown(1015, &events), "[]", &read), want, "{name}");
        }
    }

    // Meant to notice: something outside of the window looked for on its pages; a closed dispute reported.
    #[test]
    fn only_what_the_pages_must_have_is_looked_for_there() {
        let none = Shown::default();
        let recorded = book(&[(7, "SUCCESS")], &[("r_1", 1015, "SUCCESS")]);
        assert_eq!(doubts(&recorded, &none, WINDOW, TERMS).len(), 2);
        for outside in [Window { from: 0, to: 1_499 }, Window { from: 1_501, to: 9_000 }] {
            assert!(doubts(&recorded, &none, outside, TERMS).is_empty(), "{outside:?}");
        }
        let recorded = book(&[], &[]);
        let dispute = |is_over| What::Dispute { id: "272".to_owned(), is_over };
        assert_eq!(doubts(&recorded, &shown(1015, &[dispute(false)]), WINDOW, TERMS).len(), 1);
        assert!(doubts(&recorded, &shown(1015, &[dispute(true), dispute(false)]), WINDOW, TERMS).is_empty());
        assert_eq!(doubts(&recorded, &shown(1016, &[dispute(true)]), WINDOW, TERMS), [Doubt::Amount].into());
    }
}
