//! What goes over the wire.

use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{ApiVersion, CfPaymentId, IdempotencyKey, OrderId, RequestId};
use pay_core::wire::{Auth, Call, ClientHints, Endpoint, Request};
use transport_std::HttpsTransport;

use super::server::{HOST, LONG_MS, OK, Server};

fn lines(request: &str) -> Vec<String> {
    let head = request.split_once("\r\n\r\n").unwrap().0;
    let mut lines: Vec<_> = head.split("\r\n").map(str::to_owned).collect();
    lines[1..].sort();
    lines
}

// Mutants: a header left out of `headers`; an empty body instead of none.
#[test]
fn a_post_and_a_get_byte_for_byte() {
    let server = Server::answering(OK);
    let auth = Auth::merchant("merchant", "very-secret").unwrap();
    let mut client = HttpsTransport::new(server.endpoint(auth), server.config()).unwrap();
    let key = IdempotencyKey::from_random([1; 16]);
    let hints = ClientHints::kiosk();
    let id = RequestId::from_random([2; 16]);
    let post = Request::new(Call::OrderPay, ApiVersion::V2022_09_01, id.clone())
        .with_key(&key)
        .with_client(Some(&hints))
        .with_body(b"{\"payment_session_id\":\"session_x\"}")
        .with_timeout_ms(LONG_MS);
    client.exchange(&post, &mut [0; 64]).unwrap();
    let order = OrderId::parse("order-1").unwrap();
    let payment = CfPaymentId::new(u64::MAX);
    let get = Request::new(Call::ReadPayment(&order, payment), ApiVersion::V2025_01_01, id.clone());
    client.exchange(&get, &mut [0; 64]).unwrap();
    let patch = Request::new(Call::TerminateOrder(&order), ApiVersion::V2025_01_01, id).with_body(b"{}");
    client.exchange(&patch, &mut [0; 64]).unwrap();

    let requests = server.requests();
    let port = server.address.port();
    let agent = concat!("user-agent: pay-core-transport-std/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines(&requests[0]),
        [
            "POST /pg/orders/sessions HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            "content-length: 34",
            "content-type: application/json",
            &format!("host: {HOST}:{port}"),
            agent,
            "x-api-version: 2022-09-01",
            "x-client-browser: others",
            "x-client-device: desktop",
            "x-client-id: merchant",
            "x-client-os: others",
            "x-client-secret: very-secret",
            &format!("x-idempotency-key: {}", key.as_str()),
            &format!("x-request-id: {}", post.request_id.as_str()),
        ]
    );
    assert!(requests[0].ends_with("\r\n\r\n{\"payment_session_id\":\"session_x\"}"));
    assert_eq!(
        lines(&requests[1]),
        [
            &format!("GET /pg/orders/order-1/payments/{} HTTP/1.1", u64::MAX),
            "accept-encoding: identity",
            "accept: application/json",
            &format!("host: {HOST}:{port}"),
            agent,
            "x-api-version: 2025-01-01",
            "x-client-id: merchant",
            "x-client-secret: very-secret",
            &format!("x-request-id: {}", post.request_id.as_str()),
        ]
    );
    assert!(requests[1].ends_with("\r\n\r\n"));
    assert!(requests[2].starts_with("PATCH /pg/orders/order-1 HTTP/1.1\r\n"));
    assert_eq!((server.accepts(), requests.len()), (1, 3));
}

#[test]
fn a_large_body_arrives_whole() {
    let server = Server::answering(OK);
    let body = "x".repeat(300_000);
    let request = super::server::order_pay().with_body(body.as_bytes());
    server.client().exchange(&request, &mut [0; 64]).unwrap();
    assert!(server.requests()[0].ends_with(&body));
}

// No header, path or host can carry a line end, because none of pay-core's values can.
#[test]
fn line_ends_cannot_be_said() {
    for text in ["a\r\nx: y", "a\nb", "a\rb"] {
        assert!(IdempotencyKey::parse(text).is_err());
        assert!(RequestId::parse(text).is_err());
        assert!(OrderId::parse(text).is_err());
        assert!(Auth::merchant(text, "secret").is_err());
        assert!(Auth::merchant("id", text).is_err());
        assert!(Auth::bearer(text).is_err());
        assert!(Endpoint::parse(&format!("https://{text}/"), Auth::Session).is_err());
        assert!(Endpoint::parse(&format!("https://a/{text}"), Auth::Session).is_err());
    }
}
