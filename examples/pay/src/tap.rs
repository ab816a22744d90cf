//! Listens in on a transport: what the gateway answered, in its own words, for output. The flow decides without it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pay_core::drive::transport::{Error as _, ErrorType, blocking::Transport};
use pay_core::model::CallKind;
use pay_core::sale::Delivery;
use pay_core::wire::{Endpoint, Request, ResponseHead, decode};
use transport_std::{Error, HttpsTransport};
use zeroize::Zeroizing;

use super::exit::masked;

/// A transport with a listener.
#[derive(Debug)]
pub(super) struct Tap {
    transport: HttpsTransport,
    heard: Heard,
}

/// What was heard; shared, so that it can be looked at while a driver owns the transport.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Notes>>);

/// What was heard last.
#[derive(Default)]
pub(super) struct Notes {
    /// The last readable answer to Order Pay.
    pub(super) order_pay: Option<Zeroizing<Vec<u8>>>,
    /// The last order that came.
    pub(super) order: Option<Zeroizing<Vec<u8>>>,
    /// The last refusal, as a clause: status, code and what was said.
    pub(super) refusal: Option<String>,
    /// The last exchange failed so.
    pub(super) failure: Option<(String, Delivery)>,
    /// A call that can change something may have arrived.
    pub(super) acted: bool,
}

impl Tap {
    pub(super) fn new(transport: HttpsTransport, heard: Heard) -> Self {
        Self { transport, heard }
    }
}

impl Heard {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ErrorType for Tap {
    type Error = Error;
}

impl Transport for Tap {
    fn endpoint(&self) -> &Endpoint {
        self.transport.endpoint()
    }

    fn disconnect(&mut self) {
        self.transport.disconnect();
    }

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Error> {
        let result = self.transport.exchange(request, rx);
        let mut notes = self.heard.notes();
        notes.failure = None;
        let not_sent = matches!(&result, Err(error) if error.delivery() == Delivery::NotSent);
        notes.acted |= request.call.kind().acts() && !not_sent;
        match &result {
            Err(error) => notes.failure = Some((error.to_string(), error.delivery())),
            Ok(head) => {
                let body = Zeroizing::new(rx.get(..head.body_len).unwrap_or_default().to_vec());
                match request.call.kind() {
                    _ if !head.is_success() => notes.refusal = Some(refusal(head.status, body)),
                    CallKind::OrderPay => notes.order_pay = Some(body),
                    CallKind::CreateOrder | CallKind::ReadOrder => notes.order = Some(body),
                    _ => {}
                }
            }
        }
        result
    }
}

impl Notes {
    /// The last thing that went wrong, as a clause.
    pub(super) fn trouble(&self) -> String {
        match (&self.failure, &self.refusal) {
            (Some((failure, _)), _) => failure.clone(),
            (None, Some(refusal)) => refusal.clone(),
            (None, None) => "no answer".to_owned(),
        }
    }
}

/// A refusal as a clause, safe to show.
pub(super) fn refusal(status: u16, mut body: Zeroizing<Vec<u8>>) -> String {
    let refusal = decode::refusal(status, &mut body);
    let (code, message) = (masked(refusal.code), masked(refusal.message));
    match (code.as_str(), message.as_str()) {
        ("", "") => format!("status {status}"),
        (code, "") => format!("status {status}, {code}"),
        ("", message) => format!("status {status}: {message}"),
        (code, message) => format!("status {status}, {code}: {message}"),
    }
}

impl core::fmt::Debug for Notes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Notes")
    }
}
