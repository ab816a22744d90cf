//! The merchant's backend behind kiosks: the book and the rules that ship ([`backend::rules`]), over memory and the sandbox's rules.

use std::cell::RefCell;

use backend::book::{Book, Effect, Entry, Event, Moment, Owner, Terms, Unreported};
use backend::rules::{self, Answer, Ground, Incoming, Prices};
use pay_core::model::{Amount, ApiVersion, CallKind, OrderId, RequestId, UnixSeconds};
use pay_core::sale::Millis;
use pay_core::wire::{self, Auth, Call, ResponseHead};
use sandbox::{Gateway, Request, Response};

use super::network::plain;
use super::outside::{CLIENT_ID, CLIENT_SECRET, LIFE_S};
use super::story::Setting;
use super::twist::twisted;

const TERMS: Terms = Terms { life_ms: LIFE_S * 1_000, first_look_ms: 5_000, unreported: Unreported::Tell };

/// The kiosk's token, as a hash.
const KIOSK: Owner = Owner::new([7; 32]);

/// Duties done one after the other before the world is said to turn in circles.
const AT_ONCE: usize = 64;

/// Nothing is tried for so long after the gateway did not answer.
const REST_MS: u64 = 600_000;

#[derive(Clone, Default)]
pub(super) struct Merchant {
    book: Book,
    /// Orders of whose goods a report was taken.
    reported: Vec<OrderId>,
    /// Not before then: the gateway did not answer.
    rest: u64,
}

/// The gateway at this time, with the story's twist.
pub(super) struct Line<'w> {
    pub(super) gateway: &'w mut Gateway,
    pub(super) setting: Setting,
    pub(super) now: u64,
}

impl Merchant {
    /// Answers a kiosk.
    pub(super) fn answer(&mut self, request: &Request, line: Line<'_>) -> Response {
        let header = |name| request.header(name).map(str::to_owned);
        let incoming = Incoming {
            method: request.method.clone(),
            path: request.path.clone(),
            has_query: !request.query.is_empty(),
            authorization: None,
            api_version: header("x-api-version"),
            content_type: header("content-type"),
            epoch: header("x-device-epoch"),
            body: request.body.clone(),
            ..Incoming::default()
        };
        let prices = Prices::UpTo(Amount::from_minor(100_000_000).expect("an amount"));
        let service = Service::new(self, line);
        let answer = rules::serve(&service, KIOSK, &prices, &incoming);
        service.respond(answer)
    }

    /// An order that reached the terminal another way is the backend's too.
    pub(super) fn knows(&mut self, order: &OrderId, paise: u64, now: u64) {
        self.book.want(order.clone(), KIOSK, paise);
        self.book.on(order, &Event::Made { at: Moment(now) });
    }

    /// When something is due next.
    pub(super) fn due(&self) -> Option<u64> {
        self.book.entries().filter_map(|entry| entry.due(TERMS)).map(|(at, _)| at.0.max(self.rest)).min()
    }

    /// Does what is due by now.
    pub(super) fn work(&mut self, line: Line<'_>) {
        let now = line.now;
        let service = Service::new(self, line);
        for _ in 0..AT_ONCE {
            let Some((entry, at, duty)) = service.next() else { return };
            if at.0.max(service.merchant.borrow().rest) > now {
                return;
            }
            if rules::fulfil(&service, &entry, duty).is_err() {
                service.merchant.borrow_mut().rest = now + REST_MS;
            }
        }
        service.merchant.borrow_mut().rest = now + REST_MS;
    }

    /// It has taken a report of the order's goods.
    pub(super) fn has_report(&self, order: &OrderId) -> bool {
        self.reported.contains(order)
    }

    /// A person is told of the order.
    pub(super) fn tells(&self, order: &OrderId, now: u64) -> bool {
        self.book.entry(order).is_some_and(|entry| !entry.matters(TERMS, Millis(now)).is_empty())
    }
}

/// The backend at work: what the rules stand on.
struct Service<'w> {
    merchant: RefCell<&'w mut Merchant>,
    line: RefCell<Line<'w>>,
    now: u64,
    /// The gateway's last `Date`.
    date: RefCell<Option<String>>,
}

impl<'w> Service<'w> {
    const fn new(merchant: &'w mut Merchant, line: Line<'w>) -> Self {
        let now = line.now;
        Self { merchant: RefCell::new(merchant), line: RefCell::new(line), now, date: RefCell::new(None) }
    }

    /// What is due first.
    fn next(&self) -> Option<(Entry, Millis, backend::book::Duty)> {
        let merchant = self.merchant.borrow();
        let due = merchant.book.entries().filter_map(|entry| Some((entry, entry.due(TERMS)?)));
        let (entry, (at, duty)) = due.min_by_key(|(_, (at, _))| *at)?;
        Some((entry.clone(), at, duty))
    }

    /// An answer as the kiosk gets it.
    fn respond(self, answer: Answer) -> Response {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(self.date.into_inner().map(|date| ("date".to_owned(), date)));
        headers.extend(answer.replayed.then(|| ("x-idempotency-replayed".to_owned(), "true".to_owned())));
        Response { status: answer.status, headers, body: answer.body, fault: None }
    }
}

impl Ground for Service<'_> {
    type Permit = ();

    fn now(&self) -> Moment {
        Moment(self.now)
    }

    fn power_on(&self) -> u64 {
        1
    }

    fn ends(&self) -> UnixSeconds {
        UnixSeconds(self.now / 1_000 + LIFE_S)
    }

    fn epoch(&self, owner: Owner) -> Result<u64, Answer> {
        Ok(self.merchant.borrow().book.epoch(&owner))
    }

    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), Answer> {
        let book = &mut self.merchant.borrow_mut().book;
        let epoch = book.epoch(&owner) + 1;
        book.raise_epoch(owner, epoch);
        Ok((epoch, book.open_orders(&owner).cloned().collect()))
    }

    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer> {
        Ok(self.merchant.borrow().book.entry(order).cloned())
    }

    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, Answer> {
        self.merchant.borrow_mut().book.want(order.clone(), owner, amount);
        self.entry(order)?.ok_or_else(Answer::not_kept)
    }

    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, Answer> {
        let mut merchant = self.merchant.borrow_mut();
        let effect = merchant.book.on(order, event);
        if matches!(event, Event::Reported { .. }) && effect.is_some_and(|effect| !effect.is_conflict()) {
            merchant.reported.push(order.clone());
        }
        Ok(effect)
    }

    fn permit(&self, _: CallKind) -> Result<(), Answer> {
        Ok(())
    }

    fn has_to_spare(&self, _: CallKind) -> bool {
        true
    }

    fn call(&self, (): (), call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let Line { gateway, setting, now } = &mut *self.line.borrow_mut();
        let auth = Auth::merchant(CLIENT_ID, CLIENT_SECRET).expect("keys of the right form");
        let request = wire::Request::new(call, version, RequestId::from_random([0; 16])).with_body(body);
        let response = twisted(*setting, gateway, &plain(&request, &auth), *now);
        if response.fault.is_some() {
            return Answer::nothing_known("the gateway gave no answer");
        }
        let mut head = ResponseHead::new(response.status);
        for (name, value) in &response.headers {
            head.note_header(name, value);
            if name == "date" {
                self.date.replace(Some(value.clone()));
            }
        }
        Answer::of_gateway(&head, response.body)
    }

    fn read(&self, call: Call<'_>, version: ApiVersion) -> Answer {
        self.ask(call, version, &[])
    }
}
