//! A kiosk's way to the backends: what they acknowledge is noted, and a second terminal asks at the same time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pay_core::drive::transport::{ErrorType, blocking::Transport};
use pay_core::model::{ApiVersion, OrderId, RequestId};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};
use serde_json::{Value, json};
use transport_std::{Config, HttpsTransport, Roots};

use crate::backends::{Backends, HOST};
use crate::dice::Dice;
use crate::street::Street;

/// A terminal that cannot get an answer any more has been left alone.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a backend has said yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yes {
    /// The order exists.
    Made,
    /// It is closed, or will be.
    Closing,
    /// This payment has the right to the goods.
    Granted(u64),
    /// The report is taken: the goods are out or not, and of which payment.
    Reported(bool, Option<u64>),
}

pub type Said = Arc<Mutex<Vec<(String, Yes)>>>;

/// The connection of one kiosk.
pub struct Ask<'w> {
    own: HttpsTransport,
    /// The second terminal, which stands before whoever else pays an order of this kiosk.
    second: HttpsTransport,
    street: &'w Street,
    dice: Dice,
    said: Said,
}

impl<'w> Ask<'w> {
    pub fn new(backends: &Backends, street: &'w Street, token: &str, keeps: bool, dice: Dice) -> Self {
        let connect = || transport(backends.addresses().into(), backends.certificate(), token, keeps);
        Self { own: connect(), second: connect(), street, dice, said: Said::default() }
    }

    pub fn said(&self) -> Said {
        Arc::clone(&self.said)
    }
}

/// Whoever listens: each new connection begins with another.
pub fn transport(addresses: Vec<SocketAddr>, certificate: &str, token: &str, keeps: bool) -> HttpsTransport {
    let endpoint = Endpoint::parse(&format!("https://{HOST}/pg"), Auth::bearer(token).expect("a token"));
    let next = AtomicUsize::new(0);
    let resolve = move |_: &str, _: u16| {
        let mut addresses = addresses.clone();
        let count = addresses.len();
        addresses.rotate_left(next.fetch_add(1, Ordering::Relaxed) % count);
        Ok(addresses)
    };
    let mut config = Config::new().with_roots(Roots::from_pem(certificate.as_bytes()).expect("a certificate"));
    if !keeps {
        config = config.with_keep_alive_max(Duration::ZERO);
    }
    HttpsTransport::new(endpoint.expect("an endpoint"), config.with_resolver(resolve)).expect("a transport")
}

impl ErrorType for Ask<'_> {
    type Error = <HttpsTransport as ErrorType>::Error;
}

impl Transport for Ask<'_> {
    fn endpoint(&self) -> &Endpoint {
        self.own.endpoint()
    }

    fn disconnect(&mut self) {
        self.own.disconnect();
    }

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error> {
        let claim = asked(request).filter(|(_, yes)| matches!(yes, Yes::Granted(_)));
        let other =
            claim.and_then(|(order, _)| Some((OrderId::parse(&order).ok()?, self.street.other_charge(&order)?)));
        let Self { own, second, dice, said, .. } = self;
        let head = thread::scope(|scope| {
            if let Some((order, payment)) = other {
                scope.spawn(move || sell_too(second, dice, &order, payment, said));
            }
            own.exchange(request, rx)
        })?;
        note(&self.said, request, head.status);
        Ok(head)
    }
}

/// The second terminal wants to hand out for its own payment, and says that it has if it may.
fn sell_too(second: &mut HttpsTransport, dice: &mut Dice, order: &OrderId, payment: u64, said: &Said) {
    let claim = json!({"cf_payment_id": payment.to_string()});
    if until_answered(second, dice, order, &claim, said) == 200 {
        let report = json!({"cf_payment_id": payment.to_string(), "released": true});
        until_answered(second, dice, order, &report, said);
    }
}

fn until_answered(second: &mut HttpsTransport, dice: &mut Dice, order: &OrderId, body: &Value, said: &Said) -> u16 {
    let (end, body) = (Instant::now() + PATIENCE, body.to_string());
    while Instant::now() < end {
        let id = RequestId::from_random(dice.bytes());
        let request = Request::new(Call::ReportRelease(order), ApiVersion::default(), id);
        let request = request.with_body(body.as_bytes()).with_timeout_ms(5_000);
        if let Ok(head) = second.exchange(&request, &mut [0; 4_096])
            && matches!(head.status, 200 | 409)
        {
            note(said, &request, head.status);
            return head.status;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody answers the second terminal about {order}");
}

fn note(said: &Said, request: &Request<'_>, status: u16) {
    if let Some(yes) = asked(request).filter(|_| status == 200) {
        said.lock().expect("no panic").push(yes);
    }
}

/// What a 200 to this acknowledges.
fn asked(request: &Request<'_>) -> Option<(String, Yes)> {
    let body: Value = serde_json::from_slice(request.body.expose()).unwrap_or_default();
    let payment = || body["cf_payment_id"].as_str()?.parse().ok();
    match request.call {
        Call::CreateOrder => Some((body["order_id"].as_str()?.to_owned(), Yes::Made)),
        Call::TerminateOrder(order) => Some((order.to_string(), Yes::Closing)),
        Call::ReportRelease(order) => match body["released"].as_bool() {
            Some(released) => Some((order.to_string(), Yes::Reported(released, payment()))),
            None => Some((order.to_string(), Yes::Granted(payment()?))),
        },
        _ => None,
    }
}
