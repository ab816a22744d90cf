//! The sandbox's webhooks, over a connection, verified and read by `pay-core`: two tellings of the same documents.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use pay_core::model::{self, UnixSeconds};
use pay_core::wire::webhook::{About, Age, Event, EventKind, Key, Keys, WebhookError};
use sandbox::{ApiVersion, Config, Hook, HookError, HookFamily, PaymentStatus, RefundStatus, Request, Server};
use serde_json::{Value, json};

/// A call that came: header fields and body.
struct Call {
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A merchant that listens and answers each call with the next of these statuses, then with 200.
struct Merchant {
    server: Server,
    url: String,
    calls: Receiver<Call>,
}

impl Merchant {
    fn open(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks/cashfree/shop", listener.local_addr().unwrap());
        let (to, calls) = channel();
        std::thread::spawn(move || {
            let mut statuses = statuses.iter();
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let line = |reader: &mut BufReader<_>| {
                    let mut line = String::new();
                    reader.read_line(&mut line).map(|_| line.trim_end().to_owned()).unwrap()
                };
                assert_eq!(line(&mut reader), "POST /hooks/cashfree/shop HTTP/1.1");
                let mut fields = Vec::new();
                while let Some((name, value)) = line(&mut reader).split_once(':') {
                    fields.push((name.to_owned(), value.to_owned()));
                }
                let len = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length")).unwrap();
                let mut body = vec![0; len.1.trim().parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                let status = statuses.next().unwrap_or(&200);
                write!(reader.get_mut(), "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").unwrap();
                if to.send(Call { fields, body }).is_err() {
                    return;
                }
            }
        });
        Self { server: Server::start(Config::default()).unwrap(), url, calls }
    }

    fn hook(&self, version: ApiVersion, family: HookFamily) {
        self.server.send_webhooks(&self.url, Hook { version, family }).unwrap();
    }

    /// A new order.
    fn order(&self, id: &str) {
        let body = json!({"order_id": id, "order_amount": 10.15, "order_currency": "INR", "order_tags": {"till_mark": "m-1"},
            "customer_details": {"customer_id": "walk_in", "customer_phone": "9999999999"}});
        assert_eq!(self.ask("/pg/orders", &body), 200);
    }

    fn ask(&self, path: &str, body: &Value) -> u16 {
        let request = Request::new("POST", path)
            .with_header("x-api-version", "2025-01-01")
            .with_header("x-client-id", self.server.client_id())
            .with_header("x-client-secret", self.server.client_secret());
        self.server.gateway().handle(&request.with_json(body.to_string()), self.server.now()).status
    }

    fn pay(&self, order: &str, status: PaymentStatus) -> u64 {
        self.server.gateway().stranger_pays(order, status, self.server.now()).unwrap()
    }

    fn next(&self) -> Call {
        self.calls.recv_timeout(Duration::from_secs(60)).expect("a call")
    }

    /// The next call, verified and read.
    fn event(&self, judge: impl FnOnce(Event<'_>)) {
        let mut call = self.next();
        let keys = Keys::new(Key::parse(self.server.client_secret()).unwrap());
        let fields = call.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let signed = keys.verify(fields, &mut call.body, UnixSeconds(self.server.now() / 1000)).unwrap();
        assert_eq!(signed.age(), Age::Fresh);
        judge(signed.event().unwrap());
    }
}

/// How the two call the versions.
const VERSIONS: [(ApiVersion, model::ApiVersion); 4] = [
    (ApiVersion::V2022_09_01, model::ApiVersion::V2022_09_01),
    (ApiVersion::V2023_08_01, model::ApiVersion::V2023_08_01),
    (ApiVersion::V2025_01_01, model::ApiVersion::V2025_01_01),
    (ApiVersion::V2026_01_01, model::ApiVersion::V2026_01_01),
];

// Meant to notice: the two do not agree on what is signed, or on where anything stands in a body.
#[test]
fn every_webhook_of_the_sandbox_is_verified_and_says_what_its_books_say() {
    let merchant = Merchant::open(&[]);
    let families = [HookFamily::Webhook, HookFamily::Cashfree];
    for (at, (version, known)) in VERSIONS.into_iter().enumerate() {
        merchant.hook(version, families[at % 2]);
        let order = format!("order_{at}");
        merchant.order(&order);
        for (status, kind, word) in [
            (PaymentStatus::Failed, EventKind::PaymentFailed, model::PaymentStatus::Failed),
            (PaymentStatus::UserDropped, EventKind::PaymentUserDropped, model::PaymentStatus::UserDropped),
            (PaymentStatus::Success, EventKind::PaymentSuccess, model::PaymentStatus::Success),
        ] {
            let id = merchant.pay(&order, status);
            merchant.event(|event| {
                assert_eq!((event.kind, event.version), (kind, Some(known)));
                assert!(event.at().is_some());
                let About::Payment(payment) = event.about else { panic!("{:?}", event.about) };
                assert_eq!((payment.order_id, payment.mark), (order.as_str(), "m-1"));
                assert_eq!((payment.cf_payment_id.get(), payment.status), (id, word));
                assert_eq!([payment.order_amount, payment.amount].map(|amount| amount.unwrap().minor()), [1015; 2]);
                assert_eq!((payment.method, payment.group), (Some(model::MethodWord::Upi), "upi"));
                assert_eq!(payment.error_code.is_empty(), status == PaymentStatus::Success);
            });
        }

        let body = json!({"refund_amount": 2.5, "refund_id": format!("back-{at}")});
        assert_eq!(merchant.ask(&format!("/pg/orders/{order}/refunds"), &body), 200);
        for (status, word) in [
            (RefundStatus::Success, model::RefundStatus::Success),
            (RefundStatus::Cancelled, model::RefundStatus::Cancelled),
        ] {
            merchant.server.gateway().set_refund(&order, &format!("back-{at}"), status);
            merchant.event(|event| {
                assert_eq!((event.kind, event.order_id()), (EventKind::RefundStatus, Some(order.as_str())));
                let About::Refund(refund) = event.about else { panic!("{:?}", event.about) };
                assert_eq!((refund.refund_id, refund.amount.minor()), (format!("back-{at}").as_str(), 250));
                assert_eq!(refund.status, word);
            });
        }

        let late = merchant.pay(&order, PaymentStatus::Cancelled);
        merchant.event(|event| {
            assert_eq!(event.kind, EventKind::AutoRefundStatus);
            let About::Refund(refund) = event.about else { panic!("{:?}", event.about) };
            assert_eq!((refund.cf_payment_id.unwrap().get(), refund.refund_id), (late, ""));
            assert_eq!(refund.amount.minor(), 1015);
        });
    }
}

// The sandbox signs once: the last repeat is 42 minutes old, and still fresh.
#[test]
fn what_is_not_answered_with_200_comes_again_by_the_sandboxs_clock() {
    let merchant = Merchant::open(&[500, 204, 302, 200]);
    merchant.hook(ApiVersion::V2025_01_01, HookFamily::Cashfree);
    merchant.order("order_1");
    merchant.pay("order_1", PaymentStatus::Success);
    let mut first = None;
    for minutes in [0, 2, 10, 30] {
        merchant.server.skip(Duration::from_secs(minutes * 60));
        let call = merchant.next();
        let mut body = call.body.clone();
        let keys = Keys::new(Key::parse(merchant.server.client_secret()).unwrap());
        let fields = call.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let signed = keys.verify(fields, &mut body, UnixSeconds(merchant.server.now() / 1000)).unwrap();
        assert_eq!(signed.age(), Age::Fresh);
        assert_eq!(signed.attempt(), Some([0, 2, 10, 30].iter().position(|of| *of == minutes).unwrap() as u32 + 1));
        assert_eq!(*first.get_or_insert(call.body), body);
    }
    merchant.server.skip(Duration::from_secs(100 * 60));
    assert_eq!(merchant.calls.recv_timeout(Duration::from_millis(300)).map(|_| ()), Err(RecvTimeoutError::Timeout));
}

#[test]
fn another_merchants_secret_and_an_old_call_are_told_apart() {
    let merchant = Merchant::open(&[]);
    merchant.hook(ApiVersion::V2026_01_01, HookFamily::Webhook);
    merchant.order("order_1");
    merchant.pay("order_1", PaymentStatus::Success);
    let call = merchant.next();
    let fields = || call.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let now = merchant.server.now() / 1000;
    let verify = |secret: &str, body: &[u8], now| {
        let keys = Keys::new(Key::parse(secret).unwrap());
        keys.verify(fields(), &mut body.to_vec(), UnixSeconds(now)).and_then(|signed| signed.fresh().map(|_| ()))
    };
    let secret = merchant.server.client_secret();
    assert_eq!(verify(secret, &call.body, now), Ok(()));
    assert_eq!(verify("another", &call.body, now), Err(WebhookError::WrongSignature));
    assert!(matches!(verify(secret, &call.body, now + 3700), Err(WebhookError::Stale { .. })));
    let (have, want) = (call.body.len() - 1, call.body.len());
    assert_eq!(verify(secret, &call.body[..have], now), Err(WebhookError::Cut { have, want }));
}

#[test]
fn the_sandbox_calls_nobody_but_this_machine() {
    let server = Server::start(Config::default()).unwrap();
    let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
    assert_eq!(server.send_webhooks("http://192.0.2.7:80/", hook), Err(HookError::NotLoopback));
    assert_eq!(server.send_webhooks("https://127.0.0.1:80/", hook), Err(HookError::NotAUrl));
}
