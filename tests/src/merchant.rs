//! The merchant's backend behind kiosks: the book and the rules that ship ([`backend::rules`]), over memory and the sandbox's rules. The
//! sweep and the numbered scenarios have it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use backend::Notice;
use backend::book::{Book, Decision, Effect, Entry, Event, Moment, Owner, Terms, Unreported};
use backend::rules::{self, Answer, Budget, Class, Forward, Ground, Incoming, Limits, Prices, Said, Way};
use pay_core::model::{Amount, ApiVersion, CallKind, OrderId, PaymentSessionId, RequestId, UnixSeconds};
use pay_core::sale::Millis;
use pay_core::wire::{self, Auth, Call, ResponseHead};
use sandbox::{Break, Place, Request, Response, WireFault};

/// The merchant's keys at the gateway.
pub const CLIENT_ID: &str = "TEST_ID";
/// The same.
pub const CLIENT_SECRET: &str = "TEST_SECRET";

/// Orders can be paid for so many seconds.
pub const LIFE_S: u64 = 1_800;

const TERMS: Terms = Terms { life_ms: LIFE_S * 1_000, first_look_ms: 5_000, unreported: Unreported::Tell };

/// The kiosk's token, as a hash.
const KIOSK: Owner = Owner::new([7; 32]);

/// Duties done one after the other before the world is said to turn in circles.
const AT_ONCE: usize = 64;

/// Nothing is tried for so long after the gateway did not answer.
const REST_MS: u64 = 600_000;

/// What goes wrong at the backend while it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    None,
    /// It dies when so many things that last are done; what is in its memory is gone.
    Dies(u8),
    /// Its database takes nothing.
    Unkept,
    /// Its database gives so many orders, and then no answer.
    Unread(u8),
    /// What it sends on does not arrive.
    Unreached,
    /// What it sends on is executed, and the answer lost.
    Unheard,
}

/// A merchant.
#[derive(Clone)]
pub struct Merchant {
    book: Book,
    way: Way,
    /// Whether the gateway looks at the keys of what is sent on.
    keys: bool,
    /// Order Pay that was about to go, by order and key: the session. It lasts.
    forwards: BTreeMap<(OrderId, String), PaymentSessionId>,
    /// Sessions that the gateway has shown. They are in memory alone.
    sessions: BTreeMap<OrderId, PaymentSessionId>,
    /// How often it was started.
    power_on: u64,
    /// The body of each key, as the gateway got it.
    sent: BTreeMap<String, Vec<u8>>,
    /// A law that it broke.
    pub broken: Option<String>,
    /// Orders of whose goods a report was taken.
    reported: Vec<OrderId>,
    /// What the people who run it were told.
    pub notices: Vec<String>,
    /// Not before then: the gateway did not answer.
    rest: u64,
    /// The calls that it may make, if they are counted.
    budget: Option<(Budget, Limits)>,
}

/// The gateway, as it answers at this time.
pub struct Line<'w> {
    /// What it answers.
    pub gateway: &'w mut dyn FnMut(&Request) -> Response,
    /// Milliseconds since 1970.
    pub now: u64,
}

/// A call as the sandbox takes it.
pub fn plain(request: &wire::Request<'_>, auth: &Auth) -> Request {
    let mut plain = Request::new(request.call.method().as_str(), &format!("/pg{}", request.call));
    plain.headers.extend(request.headers(auth).map(|(name, value)| (name.to_owned(), value.to_owned())));
    plain.body = request.body.expose().to_vec();
    plain
}

impl Merchant {
    /// `keys`: the gateway looks at the keys of what is sent on.
    pub fn new(way: Way, keys: bool) -> Self {
        Self {
            book: Book::default(),
            way,
            keys,
            forwards: BTreeMap::new(),
            sessions: BTreeMap::new(),
            power_on: 1,
            sent: BTreeMap::new(),
            broken: None,
            reported: Vec::new(),
            notices: Vec::new(),
            rest: 0,
            budget: None,
        }
    }

    /// It counts its calls, and heeds what the gateway says is left.
    pub fn with_budget(mut self, limits: Limits) -> Self {
        self.budget = Some((Budget::default(), limits));
        self
    }

    /// The name by which the kiosk pays an order, where it pays through this backend.
    pub fn alias(order: &OrderId) -> String {
        rules::alias(KIOSK, order)
    }

    /// Answers a kiosk.
    pub fn answer(&mut self, request: &Request, line: Line<'_>, mishap: Mishap) -> Response {
        let header = |name: &str| request.header(name).map(str::to_owned);
        let incoming = Incoming {
            method: request.method.clone(),
            path: request.path.clone(),
            has_query: !request.query.is_empty(),
            authorization: None,
            api_version: header("x-api-version"),
            content_type: header("content-type"),
            epoch: header("x-device-epoch"),
            idempotency_key: header("x-idempotency-key"),
            client: ["device", "os", "rendering-type", "browser"].map(|of| header(&format!("x-client-{of}"))),
            body: request.body.clone(),
        };
        let prices = Prices::UpTo(Amount::from_minor(100_000_000).expect("an amount"));
        let way = self.way;
        let service = Service::new(self, line, mishap);
        let answer = rules::serve(&service, KIOSK, way, &prices, &incoming);
        if matches!(mishap, Mishap::Dies(_)) {
            return service.die();
        }
        service.respond(answer)
    }

    /// An order that reached the terminal another way is the backend's too.
    pub fn knows(&mut self, order: &OrderId, paise: u64, now: u64) {
        self.book.want(order.clone(), KIOSK, paise);
        self.book.on(order, &Event::Made { at: Moment(now) });
    }

    /// When something is due next.
    pub fn due(&self) -> Option<u64> {
        self.book.entries().filter_map(|entry| entry.due(TERMS)).map(|(at, _)| at.0.max(self.rest)).min()
    }

    /// Does what is due by now.
    pub fn work(&mut self, line: Line<'_>) {
        let now = line.now;
        let service = Service::new(self, line, Mishap::None);
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

    /// Takes a person's word.
    pub fn decide(&mut self, order: &OrderId, decision: Decision, line: Line<'_>) -> Said {
        let service = Service::new(self, line, Mishap::None);
        rules::decide(&service, order, decision, "asha", "seen").expect("an order")
    }

    /// It has taken a report of the order's goods.
    pub fn has_report(&self, order: &OrderId) -> bool {
        self.reported.contains(order)
    }

    /// A person is told of the order.
    pub fn tells(&self, order: &OrderId, now: u64) -> bool {
        self.book.entry(order).is_some_and(|entry| !entry.matters(TERMS, Millis(now)).is_empty())
    }
}

/// The backend at work: what the rules stand on.
struct Service<'w, 'l> {
    merchant: RefCell<&'w mut Merchant>,
    line: RefCell<Line<'l>>,
    now: u64,
    mishap: Mishap,
    /// Things that last so far.
    done: Cell<u8>,
    /// Orders read so far.
    read: Cell<u8>,
    /// How often it has sent Order Pay on.
    forwarded: Cell<u8>,
    /// The gateway's last `Date`.
    date: RefCell<Option<String>>,
}

impl<'w, 'l> Service<'w, 'l> {
    const fn new(merchant: &'w mut Merchant, line: Line<'l>, mishap: Mishap) -> Self {
        Self {
            now: line.now,
            merchant: RefCell::new(merchant),
            line: RefCell::new(line),
            mishap,
            done: Cell::new(0),
            read: Cell::new(0),
            forwarded: Cell::new(0),
            date: RefCell::new(None),
        }
    }

    /// Something that lasts is about to be done, unless the backend is dead.
    fn lasts(&self) -> Result<(), Answer> {
        self.alive()?;
        self.done.set(self.done.get() + 1);
        Ok(())
    }

    fn alive(&self) -> Result<(), Answer> {
        match self.mishap {
            Mishap::Dies(after) if self.done.get() >= after => Err(Answer::not_kept()),
            _ => Ok(()),
        }
    }

    /// Something is written to the database.
    fn writes(&self) -> Result<(), Answer> {
        self.lasts()?;
        if self.mishap == Mishap::Unkept { Err(Answer::not_kept()) } else { Ok(()) }
    }

    /// It is dead, and is started again: nobody is answered, and what was in its memory is gone.
    fn die(self) -> Response {
        let merchant = self.merchant.into_inner();
        merchant.sessions.clear();
        merchant.power_on += 1;
        let fault = Some(WireFault { at: Place::Start, how: Break::Close });
        Response { status: 500, headers: Vec::new(), body: Vec::new(), fault }
    }

    /// A law of the relay is broken.
    fn breaks(&self, what: &str) {
        self.merchant.borrow_mut().broken.get_or_insert_with(|| what.to_owned());
    }

    /// What must hold of a call that is sent on.
    fn check_forward(&self, request: &wire::Request<'_>) {
        let body = request.body.expose();
        let Some(key) = request.idempotency_key else { return self.breaks("Order Pay was sent on without a key") };
        let key = key.as_str();
        let has = |part: &str| body.windows(part.len()).any(|window| window == part.as_bytes());
        let merchant = self.merchant.borrow();
        let kept = merchant.forwards.iter().any(|((_, kept), session)| kept == key && has(session.expose()));
        let is_another = merchant.sent.get(key).is_some_and(|sent| sent != body);
        drop(merchant);
        if !kept {
            self.breaks("Order Pay was sent on before it was kept");
        }
        if is_another {
            self.breaks("Order Pay was sent on with another body under the same key");
        }
        if self.forwarded.replace(1) > 0 {
            self.breaks("one call was sent on twice");
        }
        self.merchant.borrow_mut().sent.insert(key.to_owned(), body.to_vec());
    }

    /// The gateway's answer to a call with the merchant's keys.
    fn asks_gateway(&self, request: &wire::Request<'_>, keys: bool) -> Option<(ResponseHead, Vec<u8>)> {
        let (head, body) = self.exchange(request, keys)?;
        let merchant = &mut self.merchant.borrow_mut();
        if let (Some((budget, _)), Some(class)) = (&mut merchant.budget, Class::of(request.call.kind())) {
            budget.note(class, &head, self.now);
        }
        Some((head, body))
    }

    fn exchange(&self, request: &wire::Request<'_>, keys: bool) -> Option<(ResponseHead, Vec<u8>)> {
        let auth = Auth::merchant(CLIENT_ID, CLIENT_SECRET).expect("keys of the right form");
        let mut request = plain(request, &auth);
        request.headers.retain(|(name, _)| keys || name != "x-idempotency-key");
        let response = (self.line.borrow_mut().gateway)(&request);
        if response.fault.is_some() {
            return None;
        }
        let mut head = ResponseHead::new(response.status);
        for (name, value) in &response.headers {
            head.note_header(name, value);
            if name == "date" {
                self.date.replace(Some(value.clone()));
            }
        }
        Some((head, response.body))
    }

    /// An answer with what is left for calls of this kind.
    fn rated(&self, call: CallKind, mut answer: Answer) -> Answer {
        let merchant = &mut self.merchant.borrow_mut();
        if let (Some((budget, limits)), Some(class)) = (&mut merchant.budget, Class::of(call)) {
            answer.rate = Some(budget.rate(class, limits, self.now));
        }
        answer
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
        if answer.is_ours {
            headers.push(("x-pay-origin".to_owned(), "backend".to_owned()));
            if self.forwarded.get() > 0 {
                self.merchant.borrow_mut().broken.get_or_insert("what was sent on is said to be unsent".to_owned());
            }
        }
        if let Some(rate) = answer.rate {
            headers.push(("x-ratelimit-remaining".to_owned(), rate.remaining.to_string()));
            headers.push(("x-ratelimit-retry".to_owned(), rate.retry_s.to_string()));
        }
        let shows = |text: &str| text.replace("payment_session_id", "").contains("session_");
        if self.merchant.borrow().way == Way::Relayed && shows(&String::from_utf8_lossy(&answer.body)) {
            self.merchant.borrow_mut().broken.get_or_insert("a relayed terminal was given a session".to_owned());
        }
        Response { status: answer.status, headers, body: answer.body, fault: None }
    }
}

impl Ground for Service<'_, '_> {
    type Permit = ();

    fn now(&self) -> Moment {
        Moment(self.now)
    }

    fn power_on(&self) -> u64 {
        self.merchant.borrow().power_on
    }

    fn ends(&self) -> UnixSeconds {
        UnixSeconds(self.now / 1_000 + LIFE_S)
    }

    fn epoch(&self, owner: Owner) -> Result<u64, Answer> {
        Ok(self.merchant.borrow().book.epoch(&owner))
    }

    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), Answer> {
        self.writes()?;
        let book = &mut self.merchant.borrow_mut().book;
        let epoch = book.epoch(&owner) + 1;
        book.raise_epoch(owner, epoch);
        Ok((epoch, book.open_orders(&owner).cloned().collect()))
    }

    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer> {
        self.alive()?;
        let read = self.read.replace(self.read.get() + 1);
        if matches!(self.mishap, Mishap::Unread(most) if read >= most) {
            return Err(Answer::not_kept());
        }
        Ok(self.merchant.borrow().book.entry(order).cloned())
    }

    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, Answer> {
        self.writes()?;
        self.merchant.borrow_mut().book.want(order.clone(), owner, amount);
        self.entry(order)?.ok_or_else(Answer::not_kept)
    }

    fn find(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<(Entry, bool), Answer> {
        self.writes()?;
        let is_new = self.merchant.borrow_mut().book.find(order.clone(), owner, amount, self.now());
        Ok((self.entry(order)?.ok_or_else(Answer::not_kept)?, is_new))
    }

    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, Answer> {
        self.writes()?;
        let mut merchant = self.merchant.borrow_mut();
        let effect = merchant.book.on(order, event);
        if matches!(event, Event::Reported { .. }) && effect.is_some_and(|effect| !effect.is_conflict()) {
            merchant.reported.push(order.clone());
        }
        Ok(effect)
    }

    fn permit(&self, call: CallKind) -> Result<(), Answer> {
        self.alive()?;
        let merchant = &mut self.merchant.borrow_mut();
        let (Some((budget, limits)), Some(class)) = (&mut merchant.budget, Class::of(call)) else { return Ok(()) };
        budget.take(class, limits, self.now).map_err(Answer::throttled)
    }

    fn has_to_spare(&self, call: CallKind) -> bool {
        let merchant = &mut self.merchant.borrow_mut();
        let (Some((budget, limits)), Some(class)) = (&mut merchant.budget, Class::of(call)) else { return true };
        let rate = budget.rate(class, limits, self.now);
        rate.remaining > rate.limit / 2
    }

    fn call(&self, (): (), call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let alive = if call.kind().acts() { self.lasts() } else { self.alive() };
        if alive.is_err() {
            return Answer::nothing_known("the backend is dead");
        }
        let request = wire::Request::new(call, version, RequestId::from_random([0; 16])).with_body(body);
        let answer = match self.asks_gateway(&request, true) {
            Some((head, body)) => Answer::of_gateway(&head, body),
            None => Answer::nothing_known("the gateway gave no answer"),
        };
        self.rated(call.kind(), answer)
    }

    fn read(&self, call: Call<'_>, version: ApiVersion) -> Answer {
        self.ask(call, version, &[])
    }

    fn keep_forward(&self, forward: &Forward<'_>) -> Result<PaymentSessionId, Answer> {
        self.writes()?;
        let place = (forward.order.clone(), forward.key.as_str().to_owned());
        let mut merchant = self.merchant.borrow_mut();
        Ok(merchant.forwards.entry(place).or_insert_with(|| forward.session.clone()).clone())
    }

    fn forward(&self, (): (), request: wire::Request<'_>) -> Answer {
        if self.lasts().is_err() {
            return Answer::doubt();
        }
        self.check_forward(&request);
        if self.mishap == Mishap::Unreached {
            return Answer::doubt();
        }
        let keys = self.merchant.borrow().keys;
        let answer = match self.asks_gateway(&request, keys).filter(|_| self.mishap != Mishap::Unheard) {
            Some((head, body)) => Answer::of_forward(&head, body),
            None => Answer::doubt(),
        };
        self.rated(request.call.kind(), answer)
    }

    fn request_id(&self) -> Result<RequestId, Answer> {
        Ok(RequestId::from_random([0; 16]))
    }

    fn notify(&self, notice: &Notice) {
        self.merchant.borrow_mut().notices.push(notice.to_string());
    }

    fn session(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.merchant.borrow().sessions.get(order).cloned()
    }

    fn keep_session(&self, order: &OrderId, session: &PaymentSessionId) {
        self.merchant.borrow_mut().sessions.insert(order.clone(), session.clone());
    }

    fn forget_session(&self, order: &OrderId) {
        self.merchant.borrow_mut().sessions.remove(order);
    }
}
