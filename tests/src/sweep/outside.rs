//! Everything that a power cut of the terminal leaves as it is: the gateway, requests on their way, the flash, the
//! shopper, the goods, the time; and what an honest observer has seen of it all.

use backend::rules::Way;
use pay_core::model::{Amount, Currency, MethodClass, OpenOrder, OrderId, PaymentSessionId, Timestamp, UnixSeconds};
use pay_core::sale::{Outcome, Record, Stage};
use sandbox::{Gateway, PaymentStatus, Rules, SessionKeys};

use super::case::{Case, Mode};
use super::flash::Flash;
use super::story::{Lost, Other, Setting, Story};
use super::twin::Twin;
use super::twist::twisted;
use crate::merchant::{CLIENT_ID, CLIENT_SECRET, LIFE_S, Line, Merchant, Mishap};

/// The sweep starts at 2026-11-22T16:20:12Z.
pub(super) const START: u64 = 1_795_364_412_000;
/// What becomes of a payment that nobody acts on: the gateway's page and the bank give up.
const LAPSE: &[(u64, &str)] = &[(150_000, "USER_DROPPED"), (300_000, "USER_DROPPED")];

#[derive(Clone)]
pub(super) struct Outside {
    pub(super) gateway: Gateway,
    pub(super) flash: Flash,
    /// Milliseconds since 1970.
    pub(super) now: u64,
    /// Reboots since the case began.
    pub(super) boots: u32,
    /// Requests that have left and will arrive, whatever becomes of the terminal; and whose attempt they are.
    pub(super) late: Vec<(u64, sandbox::Request, Option<usize>)>,
    pub(super) story: &'static Story,
    /// One for each order; the last is the one of the case.
    pub(super) books: Vec<Book>,
    pub(super) merchant: Merchant,
    pub(super) twin: Option<Twin>,
    /// What somebody without a terminal will do.
    others: Vec<(u64, Other)>,
    /// The journal's number.
    pub(super) incarnation: u64,
    /// How often the journal was lost.
    pub(super) losses: u32,
    /// How often a record was stored, and the flash as it was then.
    pub(super) stores: u32,
    pub(super) older: Option<(Flash, Record)>,
    pub(super) case: Case,
    /// Something that happened beside the terminal breaks a law.
    pub(super) broken: Option<String>,
}

/// What was seen of one order.
#[derive(Clone)]
pub(super) struct Book {
    pub(super) order: OrderId,
    pub(super) paise: u64,
    /// The last record that the journal said it had stored.
    pub(super) acked: Option<Record>,
    /// Those that it was given since and has not answered for: the power went, and each may stand there or not, and read
    /// otherwise after the next boot.
    pub(super) storing: Vec<Record>,
    /// The last of them is being stored now.
    pub(super) busy: bool,
    pub(super) sends: Vec<Sent>,
    /// The key of the OTP submitted last, while nothing says for certain that it did not arrive.
    pub(super) otp_in_doubt: Option<String>,
    /// A terminal asked so often without any answer that it was left asking.
    pub(super) unanswered: bool,
    /// Payments that the shopper has seen.
    pub(super) presented: Vec<u64>,
    /// How often the goods moved.
    pub(super) goods: u32,
    /// A policy of the merchant's decided over goods that nobody looked at.
    pub(super) assumed: bool,
    pub(super) told: Told,
    /// What the answer to the last Order Pay was about.
    pub(super) answered: Option<u64>,
    /// The session that was given with the order.
    pub(super) session: Option<String>,
    /// The shopper, or the program, gave the sale up before the journal knew that it is paid.
    pub(super) given_up: bool,
    /// How often the second terminal's goods moved.
    pub(super) twin_goods: u32,
    /// Payments of the second terminal.
    pub(super) twins: Vec<u64>,
    /// A journal that knew of it is lost.
    pub(super) lost: bool,
}

/// What the terminal has said of an order so far. What it says later must not contradict it.
#[derive(Clone, Default)]
pub(super) struct Told {
    pub(super) paid: bool,
    pub(super) not_paid: bool,
    pub(super) last: Option<Outcome>,
}

/// One attempt as it left.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) key: String,
    pub(super) class: MethodClass,
    pub(super) body: u64,
    pub(super) request_ids: Vec<String>,
    /// An answer that says for certain that nothing happened has not come since it last left.
    pub(super) in_doubt: bool,
    /// The gateway failed, and keeps that under the key: it would only say so again.
    pub(super) failed: bool,
    /// The journal that knew of it is lost.
    pub(super) lost: bool,
    /// What the gateway made of it.
    pub(super) payments: Vec<u64>,
}

impl Book {
    /// The shopper, or the program, gives the sale up. Once it is known to be paid, its goods are owed all the same.
    pub(super) fn give_up(&mut self) {
        self.given_up |= !self.acked.as_ref().is_some_and(|record| matches!(record.stage, Stage::Paid { .. }));
    }
}

impl Outside {
    /// Before anything: no order, a formatted flash.
    pub(super) fn new(case: &Case) -> Self {
        let session_keys = if case.mode == Mode::Keys { SessionKeys::Honoured } else { SessionKeys::Ignored };
        let rules = Rules { session_keys, ..Rules::default() };
        let gateway = Gateway::new(rules, "https://127.0.0.1:1/pg", CLIENT_ID, CLIENT_SECRET, case.number(1));
        let way = if case.mode == Mode::Relayed { Way::Relayed } else { Way::Direct };
        let mut outside = Self {
            gateway,
            flash: Flash::new(case.word, case.ecc()),
            now: START + case.number(2) % 86_400_000,
            boots: 0,
            late: Vec::new(),
            story: case.story,
            books: Vec::new(),
            merchant: Merchant::new(way, case.honours_relayed_keys()),
            twin: None,
            others: Vec::new(),
            incarnation: 0xa1,
            losses: 0,
            stores: 0,
            older: None,
            case: *case,
            broken: None,
        };
        outside.begin_order(case, case.story, 0);
        outside
    }

    /// The next order is that of `story`.
    pub(super) fn begin_order(&mut self, case: &Case, story: &'static Story, number: u64) {
        self.story = story;
        self.boots = 0;
        let order =
            OrderId::mint("till-1", case.number(3 + 50 * number).to_be_bytes()).expect("a device of the right form");
        let paise = 100 + case.number(4 + 50 * number) % 10_000_000;
        // A book that nobody wrote in was for the order that this one goes before.
        self.books.retain(|book| book.acked.is_some());
        self.others.clear();
        if let Setting::OrderExists(more) = story.setting {
            self.create_order(&order, paise + more);
            self.others = story.world.others.iter().map(|(ms, other)| (self.now + ms, *other)).collect();
        }
        story.set(&mut self.gateway);
        self.books.push(Book {
            order,
            paise,
            acked: None,
            storing: Vec::new(),
            busy: false,
            sends: Vec::new(),
            otp_in_doubt: None,
            unanswered: false,
            presented: Vec::new(),
            goods: 0,
            assumed: false,
            told: Told::default(),
            answered: None,
            session: None,
            given_up: false,
            twin_goods: 0,
            twins: Vec::new(),
            lost: false,
        });
    }

    /// The order of a terminal that is handed one; whoever else is there is about to use it too.
    pub(super) fn given_session(&mut self, order: &OrderId, paise: u64) -> String {
        if let Some(session) = self.book(order).session.clone() {
            return session;
        }
        // Whoever makes it tries again where the gateway fails.
        let session = (0..3).map(|_| self.create_order(order, paise)).find(|session| !session.is_empty());
        let session = session.unwrap_or_default();
        // A relayed terminal gets no session of the gateway's.
        let is_relayed = self.case.mode == Mode::Relayed && !session.is_empty();
        let session = if is_relayed { Merchant::alias(order) } else { session };
        self.book(order).session = Some(session.clone());
        if self.case.mode.has_backend() {
            let now = self.now;
            self.merchant.knows(order, paise, now);
        }
        let world = self.story.world;
        self.others = world.others.iter().map(|(ms, other)| (self.now + ms, *other)).collect();
        let parsed = (Amount::from_minor(paise), PaymentSessionId::parse(&session));
        if let (Some((ms, _)), (Ok(amount), Ok(session))) = (world.twin, parsed) {
            let open = OpenOrder { order_id: order.clone(), amount, currency: Currency::inr(), session };
            self.twin = Some(Twin::new(&self.case, open, self.now + ms));
        }
        session
    }

    /// The power is off: what the story does to the journal happens.
    pub(super) fn lose_journal(&mut self) {
        match self.story.world.loses {
            Some(Lost::Blank) => {
                self.flash = Flash::new(self.case.word, self.case.ecc());
                self.incarnation += 1;
                for book in &mut self.books {
                    (book.acked, book.busy, book.told) = (None, false, Told::default());
                    book.storing.clear();
                    book.lost = true;
                    book.sends.iter_mut().for_each(|sent| sent.lost = true);
                }
            }
            Some(Lost::Older) => {
                let Some((flash, record)) = self.older.take() else { return };
                self.flash = flash;
                for book in &mut self.books {
                    book.storing.clear();
                    book.busy = false;
                    // Nobody writes in an older order's records meanwhile.
                    if book.order == record.order_id {
                        let known = |sent: &Sent| record.attempts().any(|attempt| attempt.key.as_str() == sent.key);
                        book.sends.iter_mut().for_each(|sent| sent.lost = !known(sent));
                        (book.acked, book.told) = (Some(record.clone()), Told::default());
                        // Of goods that went out since it knows nothing.
                        book.assumed = true;
                        book.lost = true;
                    }
                }
            }
            None => return,
        }
        self.losses += 1;
    }

    /// The journal that knew of the sale is gone: the shop sells the same order again. A kiosk takes another id.
    pub(super) fn sells_again(&self) -> bool {
        self.losses > 0 && self.story.world.loses == Some(Lost::Blank) && self.case.mode == Mode::Keys
    }

    /// Somebody with keys creates an order; its session.
    pub(super) fn create_order(&mut self, order: &OrderId, paise: u64) -> String {
        let body = format!(
            r#"{{"order_id":"{order}","order_amount":{}.{:02},"order_currency":"INR",
                "customer_details":{{"customer_id":"walk_in","customer_phone":"9999999999"}},
                "order_expiry_time":"{}"}}"#,
            paise / 100,
            paise % 100,
            Timestamp::from_unix(UnixSeconds(self.now / 1_000 + LIFE_S)).as_str()
        );
        let answer = self.gateway.handle(&merchant("POST", "/pg/orders").with_json(body), self.now);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        let session = body.split_once(r#""payment_session_id":""#).and_then(|(_, rest)| rest.split('"').next());
        session.unwrap_or_default().to_owned()
    }

    pub(super) fn book(&mut self, order: &OrderId) -> &mut Book {
        let at = self.books.iter().position(|book| book.order == *order).expect("every order has a book");
        &mut self.books[at]
    }

    /// The book of the case's own order.
    pub(super) fn current(&mut self) -> &mut Book {
        self.books.last_mut().expect("there is one")
    }

    /// Lets time pass: what is due happens in its order, the shopper's acts too.
    pub(super) fn advance(&mut self, to: u64) {
        for step in 0.. {
            assert!(step < 50_000, "the world never rests: {:?}", self.next_act());
            let arrival = self.late.iter().map(|late| late.0).min();
            let act = self.next_act();
            let duty = self.merchant.due();
            let other = self.others.first().map(|other| other.0);
            let twin = self.twin.as_ref().and_then(|twin| twin.wake);
            let times = [arrival, act.map(|act| act.0), duty, other, twin];
            let Some(at) = times.into_iter().flatten().min().filter(|at| *at <= to) else { break };
            self.now = self.now.max(at);
            if let Some(place) = self.late.iter().position(|late| late.0 <= at) {
                let (_, request, send) = self.late.remove(place);
                self.deliver(&request, send, Mishap::None);
            } else if let Some((_, id, result)) = act.filter(|act| act.0 <= at) {
                self.simulate(id, result);
            } else if other.is_some_and(|other| other <= at) {
                let (_, other) = self.others.remove(0);
                self.stranger(other);
            } else if twin.is_some_and(|twin| twin <= at) {
                let Some(mut twin) = self.twin.take() else { break };
                if let Err(what) = twin.go(self) {
                    twin.wake = None;
                    self.broken.get_or_insert(format!("the second terminal: {what}"));
                }
                self.twin = Some(twin);
            } else {
                let Self { merchant, gateway, now, story, .. } = self;
                let gateway = &mut |request: &sandbox::Request| twisted(story.setting, gateway, request, *now);
                merchant.work(Line { gateway, now: *now });
            }
        }
        self.now = self.now.max(to);
        self.gateway.advance(self.now);
    }

    /// Hands a request to the gateway, or the backend. `send`: it is this attempt of the case's order.
    pub(super) fn deliver(
        &mut self,
        request: &sandbox::Request,
        send: Option<usize>,
        mishap: Mishap,
    ) -> sandbox::Response {
        let asks = request.headers.iter().any(|(name, _)| name == "x-client-id");
        let backends = self.case.mode.has_backend() && asks;
        let Self { merchant, gateway, books, now, story, .. } = self;
        let known = gateway.payments().len();
        let answer = if backends {
            let gateway = &mut |request: &sandbox::Request| twisted(story.setting, gateway, request, *now);
            let answer = merchant.answer(request, Line { gateway, now: *now }, mishap);
            if let Some(what) = merchant.broken.take() {
                self.broken.get_or_insert(what);
            }
            answer
        } else {
            twisted(story.setting, gateway, request, *now)
        };
        if let Some(sent) = send.and_then(|send| books.last_mut()?.sends.get_mut(send)) {
            sent.payments.extend(gateway.payments()[known..].iter().map(|payment| payment.id));
        }
        answer
    }

    /// The shopper's next act: when, on which payment, with what result.
    pub(super) fn next_act(&self) -> Option<(u64, u64, &'static str)> {
        let book = self.books.last()?;
        let mut next: Option<(u64, u64, &str)> = None;
        for (place, sent) in book.sends.iter().enumerate() {
            let acts = self.story.shopper.get(place).copied().unwrap_or_default();
            for id in &sent.payments {
                let Some(payment) = self.gateway.payments().iter().find(|payment| payment.id == *id) else { continue };
                // A code or a link can be paid only by somebody who saw it.
                let seen = !sent.class.needs_shopper() || book.presented.contains(id);
                let done = payment.completed.unwrap_or(0);
                let possible = |(after, result): &&(u64, &str)| match payment.status {
                    PaymentStatus::Success | PaymentStatus::Cancelled => false,
                    _ if *result == "PENDING" => payment.status == PaymentStatus::NotAttempted,
                    // An act that lies before what the payment became has been done.
                    _ => payment.created + after > done,
                };
                let lapse = LAPSE[usize::from(self.story.scenario().is_some())..].iter();
                let lapse = lapse.filter(|_| !self.story.world.stays);
                let lapse = lapse.filter(|_| payment.status.is_open());
                let act = acts.iter().filter(|_| seen).chain(lapse).find(possible);
                let Some((after, result)) = act else { continue };
                let at = (payment.created + after).max(self.now);
                if next.is_none_or(|(earliest, ..)| at < earliest) {
                    next = Some((at, *id, *result));
                }
            }
        }
        for id in &book.twins {
            let Some(payment) = self.gateway.payments().iter().find(|payment| payment.id == *id) else { continue };
            let acts = self.story.world.twin.map_or(&[][..], |(_, acts)| acts);
            let lapse = LAPSE.iter().filter(|_| !self.story.world.stays);
            let act =
                acts.iter().chain(lapse).find(|(after, _)| payment.created + after > payment.completed.unwrap_or(0));
            let Some((after, result)) = act.filter(|_| payment.status.is_open()) else { continue };
            let at = (payment.created + after).max(self.now);
            if next.is_none_or(|(earliest, ..)| at < earliest) {
                next = Some((at, *id, *result));
            }
        }
        next
    }

    /// Somebody without a terminal acts.
    fn stranger(&mut self, other: Other) {
        let order = self.current().order.to_string();
        let mut theirs = self.gateway.payments().iter().filter(|payment| payment.stranger && payment.order_id == order);
        let (now, last) = (self.now, theirs.next_back().map(|payment| payment.id));
        match (other, last) {
            (Other::Begins, _) => {
                let _ = self.gateway.stranger_pays(&order, PaymentStatus::Pending, now);
            }
            (Other::Pays, Some(id)) => {
                self.gateway.set_payment(id, PaymentStatus::Success, now);
            }
            (Other::Fails, Some(id)) => {
                self.gateway.set_payment(id, PaymentStatus::Failed, now);
            }
            (Other::Pays | Other::Fails, None) => {}
        }
    }

    fn simulate(&mut self, id: u64, result: &str) {
        let body = format!(
            r#"{{"entity":"PAYMENTS","entity_id":"{id}","entity_simulation":{{"payment_status":"{result}"}}}}"#
        );
        let answer = self.gateway.handle(&merchant("POST", "/pg/simulate").with_json(body), self.now);
        // A scenario's own shopper may have been quicker.
        // Or the order has closed.
        let done = answer.status == 200 || self.story.scenario().is_some() || self.story.world.stays;
        assert!(done, "{}", String::from_utf8_lossy(&answer.body));
    }
}

pub(super) fn merchant(method: &str, path: &str) -> sandbox::Request {
    sandbox::Request::new(method, path)
        .with_header("x-api-version", "2025-01-01")
        .with_header("x-client-id", CLIENT_ID)
        .with_header("x-client-secret", CLIENT_SECRET)
}
