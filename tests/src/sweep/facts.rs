//! What must hold of money, goods and words: the laws that all worlds share, over what this world knows for itself.

use pay_core::model::{OrderId, RefundReason};
use pay_core::sale::{NotPaid, Outcome, Policy, Record, Sale, Stage};
use pay_core::till::Trouble;
use sandbox::{OrderStatus, PaymentStatus};

use super::case::{Case, Mode};
use super::outside::{Book, Outside};
use crate::laws::{Order, Payer, Payment, Said};

/// So long after its end nothing happens in a world any more.
const FOR_EVER_MS: u64 = 40 * 24 * 3_600_000;

impl Outside {
    /// An order, as the gateway's books and the goods have it.
    fn facts(&self, book: &Book, first: u8) -> Order {
        let order = book.order.as_str();
        let closed = self.gateway.orders().any(|known| known.id == order && known.status != OrderStatus::Active);
        let lost = |id: &u64| book.sends.iter().any(|sent| sent.lost && sent.payments.contains(id));
        let payments = self.gateway.payments().iter().filter(|payment| payment.order_id == order);
        let of_order = self.gateway.refunds().iter().filter(|refund| refund.order_id == order);
        // A refund is of an order: that it is of this payment or that, only the gateway's own books say.
        let mut back = of_order.filter(|refund| refund.status.gives_back() && refund.amount.0 == book.paise).count();
        let mut payments: Vec<Payment> = payments
            .map(|payment| Payment {
                id: payment.id,
                payer: match payment {
                    _ if payment.stranger => Payer::Stranger,
                    _ if book.twins.contains(&payment.id) => Payer::Till(1),
                    // Of another life of this terminal, of which it knows nothing any more.
                    _ if lost(&payment.id) => Payer::Till(2),
                    _ => Payer::Till(0),
                },
                succeeded: payment.is_charge(),
                may_succeed: match payment.status {
                    PaymentStatus::NotAttempted => !closed,
                    status => status.is_open(),
                },
                refunded: false,
            })
            .collect();
        // Whose money it is to keep is asked of `first`: what went back is the others' as far as it goes.
        for mine in [false, true] {
            for payment in payments.iter_mut().filter(|payment| (payment.payer == Payer::Till(first)) == mine) {
                if payment.succeeded && back > 0 {
                    payment.refunded = true;
                    back -= 1;
                }
            }
        }
        let is_last = self.books.last().is_some_and(|last| last.order == book.order);
        let ours = self.late.iter().filter_map(|late| book.sends.get(late.2?)).filter(|sent| is_last && !sent.lost);
        Order {
            payments,
            goods: vec![0; (book.goods + book.twin_goods) as usize],
            on_their_way: if closed { Vec::new() } else { ours.map(|_| Payer::Till(0)).collect() },
        }
    }

    /// A terminal says how a sale ended.
    pub(super) fn said(&mut self, order: &OrderId, outcome: &Outcome, till: u8) -> Result<(), String> {
        let (case, late) = (self.case, self.story.scenario().is_some());
        let facts = self.facts(self.book_of(order), till);
        let of = |till| facts.payments.iter().filter(move |payment| payment.payer == Payer::Till(till));
        let check = match outcome {
            Outcome::Paid { cf_payment_id, .. } => {
                // Money that the terminal could not keep goes back afterwards.
                let known = cf_payment_id.map(pay_core::model::CfPaymentId::get);
                facts.said(till, Said::Paid(known))
            }
            Outcome::NotPaid(why) => {
                let closed = matches!(why, NotPaid::Terminated | NotPaid::Expired);
                // A scenario may hide an attempt for longer than anybody waits.
                let said = facts.said(till, Said::NotPaid { closed, known: closed });
                if late && of(till).all(|payment| !payment.succeeded) { Ok(()) } else { said }
            }
            Outcome::RefundDue(_) => facts.said(till, Said::RefundDue),
            Outcome::PaidElsewhere => facts.said(till, Said::Elsewhere),
            Outcome::PaidUnclear if !facts.payments.iter().any(|payment| payment.succeeded) => {
                Err("paid was said, by whom is not clear, and nothing was charged".to_owned())
            }
            Outcome::OrderTaken if of(till).next().is_some() => {
                Err("an order was said to be somebody else's, and this terminal has paid it".to_owned())
            }
            Outcome::HandedOver if !case.mode.has_backend() => Err("there is nobody to hand it over to".to_owned()),
            Outcome::PaidUnclear | Outcome::OrderTaken | Outcome::HandedOver | Outcome::Pending | Outcome::Unknown => {
                Ok(())
            }
        };
        check.map_err(|what| what.replace(|digit: char| digit.is_ascii_digit(), ""))?;
        if till != 0 {
            return Ok(());
        }
        let told = &mut self.book(order).told;
        match outcome {
            Outcome::Paid { .. } | Outcome::RefundDue(_) if told.not_paid => {
                return Err("paid, or a refund, was said after not paid".to_owned());
            }
            Outcome::NotPaid(_) if told.paid => return Err("not paid was said after paid".to_owned()),
            Outcome::Paid { .. } => told.paid = true,
            Outcome::NotPaid(why) => told.not_paid = *why != NotPaid::NotStarted || !late,
            _ => {}
        }
        told.last = Some(outcome.clone());
        Ok(())
    }

    /// The terminal says that it could not sell: nothing that charges was sent in this life.
    pub(super) fn check_refused(&mut self, order: &OrderId, trouble: &Trouble) -> Result<(), String> {
        let sends = &self.book_of(order).sends;
        if sends.iter().filter(|sent| !sent.lost).flat_map(|sent| &sent.payments).any(|id| self.may_charge(*id)) {
            return Err(format!("refused ({trouble:?}) was said of a sale that may have been paid"));
        }
        Ok(())
    }

    /// A code, a link or a prompt is shown.
    pub(super) fn shown(&mut self, order: &OrderId) {
        let book = self.book(order);
        book.presented.extend(book.answered);
    }

    /// The till wants goods to move.
    pub(super) fn check_vend(&mut self, order: &OrderId) -> Result<(), String> {
        let book = self.book(order);
        if book.given_up {
            return Err("goods were called for in a sale that had been given up".to_owned());
        }
        if book.told.not_paid {
            return Err("goods were called for after not paid was said".to_owned());
        }
        let known = book.acked.as_ref().map(|record| record.release);
        if known != Some(pay_core::sale::Release::Releasing) {
            return Err("goods were called for before the journal knew of it".to_owned());
        }
        Ok(())
    }

    /// The goods move.
    pub(super) fn vend(&mut self, order: &OrderId, till: u8) -> Result<(), String> {
        let book = self.book(order);
        *(if till == 0 { &mut book.goods } else { &mut book.twin_goods }) += 1;
        self.facts(self.book_of(order), till).handed_out(till)
    }

    /// The dust has settled: everything that can still happen happens, and the books agree with what was said.
    pub(super) fn check_end(&mut self, case: &Case) -> Result<(), String> {
        self.advance(self.now + FOR_EVER_MS);
        if let Some(what) = self.broken.take() {
            return Err(what);
        }
        self.books.iter().try_for_each(|book| self.check_book(case, book))
    }

    fn check_book(&self, case: &Case, book: &Book) -> Result<(), String> {
        let facts = self.facts(book, 0);
        let Some(record) = &book.acked else {
            let ours = facts.payments.iter().any(|payment| payment.payer == Payer::Till(0) && payment.succeeded);
            return if ours { Err("charged, and no journal knows of it".to_owned()) } else { Ok(()) };
        };
        let said = promised(record);
        let what = |why: &str| {
            let (kept, all) = (facts.kept(), facts.payments.iter().filter(|payment| payment.succeeded).count());
            let (goods, stage) = (book.goods, (&record.stage, record.release));
            // Without numbers, so that the like are counted together.
            let word = format!("{said:?} {stage:?}").replace(|digit: char| digit.is_ascii_digit(), "");
            Err(format!("{why}: {all} charges, {kept} kept, {goods} goods at the end: {word}"))
        };
        let told = case.mode.has_backend() && self.merchant.tells(&book.order, self.now);
        // It has nobody to ask, or nobody answers; or a person is told, by the terminal or by the backend.
        let person = case.mode == Mode::Blind
            || case.story.stays_open(case.mode)
            || book.unanswered
            || needs_person(case, record)
            || book.told.last == Some(Outcome::PaidUnclear)
            // A person sees that the journal takes nothing, or that it is not the one there was.
            || case.story.world.flash.is_some_and(|(_, times)| times == u32::MAX)
            || book.lost
            || told;
        if record.is_open() && !person {
            return what("open at the end");
        }
        let of =
            |till| facts.payments.iter().filter(move |payment| payment.payer == Payer::Till(till) && payment.succeeded);
        let (ours, kept) = (of(0).count(), facts.kept());
        let others = facts.payments.iter().filter(|payment| payment.succeeded).count() - ours;
        let assumed = book.assumed;
        let right = match &said {
            _ if record.is_open() => true,
            // The backend has it on its list for people: money and goods are as they are until somebody looks.
            Outcome::RefundDue(_) if told && book.goods == 0 => kept <= ours + others,
            // What others paid too much is for whoever sold to them to send back.
            Outcome::Paid { .. } => (1..=1 + others).contains(&kept) && (book.goods == 1 || assumed || !tracks(record)),
            Outcome::NotPaid(_) => ours == 0,
            // Goods stand for one payment: of ours, or of another's.
            Outcome::RefundDue(RefundReason::Surplus) => kept <= others.max(1) && (book.goods == 0 || kept > 0),
            Outcome::RefundDue(_) => kept <= others && (book.goods == 0 || assumed),
            // The backend sends everything back of an order that its own terminal gave up.
            Outcome::PaidElsewhere => kept <= others && others > 0 && (book.goods == 0 || book.lost),
            // The backend has sent back what came.
            Outcome::HandedOver => kept <= others && book.goods == 0,
            Outcome::OrderTaken | Outcome::PaidUnclear | Outcome::Pending | Outcome::Unknown => false,
        };
        if !right {
            return what("wrong");
        }
        // What a stranger pays too much is for whoever sold to them to send back; so is what a lost journal knew of.
        let alone = facts.payments.iter().all(|payment| matches!(payment.payer, Payer::Till(0 | 1)));
        let twin_open = self.twin.as_ref().and_then(|twin| twin.record()).is_some_and(Record::is_open);
        if alone && !person && !twin_open && !assumed {
            return facts.at_the_end();
        }
        Ok(())
    }

    fn book_of(&self, order: &OrderId) -> &Book {
        self.books.iter().find(|book| book.order == *order).expect("every order has a book")
    }
}

/// How a sale stands by what the journal keeps: what a program says of it that reads the journal and nothing else.
fn promised(record: &Record) -> Outcome {
    Sale::resume(record.clone(), Policy::session_only(), [0; 16], pay_core::sale::Millis(0)).standing()
}

const fn tracks(record: &Record) -> bool {
    !matches!(record.release, pay_core::sale::Release::Untracked)
}

/// A person has to say or do something about it.
fn needs_person(case: &Case, record: &Record) -> bool {
    use pay_core::sale::Release;
    match (&record.stage, record.release) {
        (_, Release::Due) => !case.returns_unclaimed(),
        (_, Release::Unknown) => !case.has_sensor(),
        // Sold to somebody else, who has not ended it.
        (Stage::Taken, _) => true,
        // Nobody here may send it back.
        (Stage::RefundDue(_), _) | (_, Release::NotReleased) => case.story.world.changes,
        _ => record.needs_person(),
    }
}
