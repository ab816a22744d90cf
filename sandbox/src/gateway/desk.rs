//! Where a request is answered by the rules. It knows of faults, and of nobody who plays a part.

use crate::books::ledger::Books;
use crate::books::terms::Terms;
use crate::calls::call::Call;
use crate::calls::route::Route;
use crate::gateway::faults::Fault;
use crate::gateway::habits::Habits;
use crate::gateway::idempotency::{Seen, Store};
use crate::gateway::keys::SessionKeys;
use crate::gateway::rate::{Allowance, Bucket, Limits, Windows};
use crate::ground::error::Refusal;
use crate::ground::http::{Request, Response};
use crate::ground::json;
use crate::ground::time::UnixMillis;
use crate::ground::version::ApiVersion;
use serde_json::Value;

/// The books, and what stands in front of them.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) books: Books,
    client_id: String,
    pub(crate) client_secret: String,
    store: Store,
    windows: Windows,
}

/// How one request is to be answered.
pub(crate) struct Direction {
    pub(crate) terms: Terms,
    pub(crate) session_keys: SessionKeys,
    pub(crate) store_throttles: bool,
    pub(crate) limits: Limits,
    pub(crate) habits: Habits,
    pub(crate) fault: Option<Fault>,
    /// The shopper of its order is a scenario's.
    pub(crate) played: bool,
}

/// An answer before its headers are put on.
struct Answer {
    status: u16,
    body: Vec<u8>,
    replayed: bool,
}

impl Desk {
    /// A desk in front of these books, for one merchant.
    pub(crate) fn new(books: Books, client_id: &str, client_secret: &str) -> Self {
        Self {
            books,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            store: Store::default(),
            windows: Windows::default(),
        }
    }

    /// The rules: what stands before the store, the store, the call itself.
    pub(crate) fn answer(
        &mut self,
        request: &Request,
        route: Option<&Route<'_>>,
        direction: &Direction,
        now: UnixMillis,
    ) -> Response {
        let (fault, habits) = (direction.fault.as_ref(), &direction.habits);
        let merchant = self.is_merchant(request);
        let bucket = route.map_or(Bucket::Other, Bucket::of);
        let mut allowance = self.windows.count(bucket, &direction.limits, now);
        let version = request.header("x-api-version").and_then(ApiVersion::parse);
        let version = version.filter(|version| *version <= habits.newest);
        let pays = matches!(route, Some(Route::OrderPay));
        if let Some(limit) = habits.keyed_limit.filter(|_| pays && merchant) {
            allowance.limit = limit;
        }
        let otp = matches!(route, Some(Route::Authenticate(_)));
        let scripted = fault.and_then(Fault::refusal);
        if let Some(Fault::Throttle { retry_s, .. }) = fault.cloned() {
            allowance = Allowance { remaining: 0, retry: retry_s, ..allowance };
        }

        let gate = self.gate(request, route, version, merchant, allowance.retry > 0 && scripted.is_none());
        let gate = match habits.refusal(request).filter(|_| pays) {
            Some(refusal) => gate.and(Err(refusal)),
            None => gate,
        };
        let counts = merchant || direction.session_keys == SessionKeys::Honoured;
        let key =
            request.header("x-idempotency-key").filter(|_| request.method == "POST" && counts && habits.honours_keys);
        let scope = key
            .filter(|_| gate.is_ok() || direction.store_throttles)
            .map(|key| format!("{merchant} {} {key}", request.path));
        let seen = scope.as_ref().map_or(Seen::New, |scope| self.store.look_up(scope, &request.body, habits, now));
        let mut answer = match (&scripted, seen) {
            (Some(scripted), _) if !scripted.executed && !scripted.stored => refuse(&scripted.refusal, version, otp),
            (_, Seen::Same { status, body }) => Answer { status, body, replayed: true },
            (_, Seen::Busy) => refuse(&Refusal::at_work(), version, otp),
            (_, Seen::Other) => refuse(&Refusal::other_body(), version, otp),
            (_, Seen::New) => {
                let result = gate.and_then(|version| {
                    let call = Call { version, now, request, terms: &direction.terms, played: direction.played };
                    match &scripted {
                        Some(scripted) if scripted.executed => {
                            let result = self.execute(&call, route, fault);
                            if scripted.stored { Err(scripted.refusal.clone()) } else { result }
                        }
                        Some(scripted) => Err(scripted.refusal.clone()),
                        None => self.execute(&call, route, fault),
                    }
                });
                let answer = match result {
                    Ok(mut body) => {
                        if pays {
                            habits.shape(&mut body);
                        }
                        Answer { status: 200, body: json::write(&body), replayed: false }
                    }
                    Err(refusal) => refuse(&refusal, version, otp),
                };
                if let Some(scope) = scope.filter(|_| answer.status == 200 || habits.keeps_refusals) {
                    self.store.keep(scope, &request.body, answer.status, &answer.body, now);
                }
                answer
            }
        };
        if let Some(Fault::Replace { status, body }) = fault {
            return bare(*status, body.clone());
        }
        if let Some(scripted) = scripted.filter(|scripted| scripted.executed && !scripted.stored) {
            answer = refuse(&scripted.refusal, version, otp);
        }
        self.respond(request, answer, habits.rate_headers.then_some(allowance), merchant)
    }

    /// Says no before anything else happens.
    pub(crate) fn refuse(
        &mut self,
        request: &Request,
        refusal: &Refusal,
        limits: &Limits,
        now: UnixMillis,
    ) -> Response {
        let version = request.header("x-api-version").and_then(ApiVersion::parse);
        let allowance = self.windows.count(Bucket::Other, limits, now);
        self.respond(request, refuse(refusal, version, false), Some(allowance), false)
    }

    /// What stands before the store: the version, the rate limit, the credentials.
    fn gate(
        &self,
        request: &Request,
        route: Option<&Route<'_>>,
        version: Option<ApiVersion>,
        merchant: bool,
        throttled: bool,
    ) -> Result<ApiVersion, Refusal> {
        let Some(version) = version else {
            return Err(match request.header("x-api-version") {
                None => Refusal::invalid("request_failed", "version is missing in header"),
                Some(_) => Refusal::invalid(
                    "request_failed",
                    "version is not one of 2022-09-01, 2023-08-01, 2025-01-01, 2026-01-01",
                ),
            });
        };
        if throttled {
            return Err(Refusal::throttled());
        }
        let open = matches!(route, Some(Route::OrderPay | Route::Authenticate(_)) | None);
        if open || merchant { Ok(version) } else { Err(Refusal::unauthenticated()) }
    }

    fn execute(&mut self, call: &Call<'_>, route: Option<&Route<'_>>, fault: Option<&Fault>) -> Result<Value, Refusal> {
        if fault == Some(&(Fault::InternalError { executed: false })) {
            return Err(Refusal::internal());
        }
        let result = match route {
            Some(Route::CreateOrder) => self.books.create_order(call),
            Some(Route::GetOrder(id)) => self.books.get_order(call, id),
            Some(Route::TerminateOrder(id)) => self.books.terminate_order(call, id),
            Some(Route::OrderPay) => self.books.order_pay(call),
            Some(Route::Authenticate(id)) => self.books.authenticate(call, id),
            Some(Route::Payments(order)) => self.books.get_payments(call, order),
            Some(Route::Payment(order, id)) => self.books.get_payment(call, order, id),
            Some(Route::CreateRefund(order)) => self.books.create_refund(call, order),
            Some(Route::Refunds(order)) => self.books.get_refunds(call, order),
            Some(Route::Refund(order, id)) => self.books.get_refund(call, order, id),
            Some(Route::Recon) => self.books.recon(call),
            Some(Route::Simulate) => self.books.simulate(call),
            Some(Route::Simulation(id)) => self.books.get_simulation(call, id),
            None => Err(Refusal::bad_url()),
        };
        if matches!(fault, Some(Fault::InternalError { .. })) { Err(Refusal::internal()) } else { result }
    }

    fn is_merchant(&self, request: &Request) -> bool {
        request.header("x-client-id") == Some(&self.client_id)
            && request.header("x-client-secret") == Some(&self.client_secret)
    }

    fn respond(&mut self, request: &Request, answer: Answer, allowance: Option<Allowance>, merchant: bool) -> Response {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let mut put = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        if let Some(version) = request.header("x-api-version") {
            put("x-api-version", version);
        }
        match request.header("x-request-id") {
            Some(id) => put("x-request-id", id),
            None => put("x-request-id", &self.books.dice.hex(32)),
        }
        if let Some(allowance) = allowance {
            put("x-ratelimit-limit", &allowance.limit.to_string());
            put("x-ratelimit-remaining", &allowance.remaining.to_string());
            put("x-ratelimit-retry", &allowance.retry.to_string());
            put("x-ratelimit-type", if merchant { "app_id" } else { "ip" });
        }
        if let Some(key) = request.header("x-idempotency-key") {
            put("x-idempotency-key", key);
        }
        put("x-idempotency-replayed", if answer.replayed { "true" } else { "false" });
        Response { status: answer.status, headers, body: answer.body, fault: None }
    }
}

fn refuse(refusal: &Refusal, version: Option<ApiVersion>, otp: bool) -> Answer {
    Answer { status: refusal.status, body: json::write(&refusal.body(version, otp)), replayed: false }
}

/// An answer that is not the gateway's: none of its headers.
pub(crate) fn bare(status: u16, body: Vec<u8>) -> Response {
    let kind = if body.starts_with(b"{") || body.starts_with(b"[") { "application/json" } else { "text/html" };
    Response { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body, fault: None }
}
