//! What a scenario does to the bytes of an answer, seen from the other end of the connection.

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName},
};
use sandbox::{Config, SCENARIO_HEADER, Scenario, Server};
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

/// What arrived of the answer to one call, and how it ended.
fn answer(scenario: &str) -> (Vec<u8>, ErrorKind) {
    answer_within(scenario, Duration::from_secs(30))
}

fn answer_within(scenario: &str, limit: Duration) -> (Vec<u8>, ErrorKind) {
    let server = Server::start(Config::default()).expect("a server");
    let scenario = Scenario::ALL.iter().find(|known| known.name == scenario).expect("a scenario");
    let session = make_order(&server);
    let body = format!(
        r#"{{"payment_session_id":"{session}","payment_method":{{"card":{{"channel":"link","card_number":"4706131211212123",
            "card_expiry_mm":"03","card_expiry_yy":"28","card_cvv":"123"}}}}}}"#
    );
    let head = format!("POST /pg/orders/sessions HTTP/1.1\r\n{SCENARIO_HEADER}: {}", scenario.id);
    exchange(&server, &format!("{head}\r\nx-api-version: 2025-01-01\r\n"), &body, limit)
}

fn make_order(server: &Server) -> String {
    let body = r#"{"order_id":"order_1","order_amount":10.15,"order_currency":"INR",
        "customer_details":{"customer_id":"c_1","customer_phone":"9999999999"}}"#;
    let request = sandbox::Request::new("POST", "/pg/orders")
        .with_header("x-api-version", "2025-01-01")
        .with_header("x-client-id", server.client_id())
        .with_header("x-client-secret", server.client_secret())
        .with_json(body);
    let now = server.now();
    let order = server.gateway().handle(&request, now);
    let order: serde_json::Value = serde_json::from_slice(&order.body).expect("JSON");
    order["payment_session_id"].as_str().expect("a session").to_owned()
}

fn exchange(server: &Server, head: &str, body: &str, limit: Duration) -> (Vec<u8>, ErrorKind) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(server.ca_der().to_vec())).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let address = server.url().trim_start_matches("https://").trim_end_matches("/pg");
    let socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(limit)).expect("a limit");
    let mut stream = StreamOwned::new(connection, socket);
    let request = format!(
        "{head}host: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let (mut got, mut part) = (Vec::new(), [0; 1024]);
    loop {
        match stream.read(&mut part) {
            // With a farewell.
            Ok(0) => return (got, ErrorKind::Other),
            Ok(length) => got.extend_from_slice(&part[..length]),
            Err(error) => return (got, error.kind()),
        }
    }
}

/// The head, the body, and the length that the head speaks of.
fn parts(answer: &[u8]) -> (&[u8], &[u8], usize) {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head") + 4;
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    (&answer[..head], &answer[head..], length.parse().expect("a number"))
}

// Mutants: a limit that is one byte off; saying farewell after a cut.
#[test]
fn answers_are_cut_where_the_scenario_says() {
    let (whole, end) = answer("the ordinary case");
    let (_, body, length) = parts(&whole);
    assert!(body.len() == length && length > 200 && end == ErrorKind::Other);

    assert_eq!(answer("lost before the charge"), (Vec::new(), ErrorKind::UnexpectedEof));
    assert_eq!(answer("lost after the charge"), (Vec::new(), ErrorKind::UnexpectedEof));
    let (head, end) = answer("cut in the head");
    assert_eq!((head.as_slice(), end), (&whole[..24], ErrorKind::UnexpectedEof));
    for (name, left) in [("cut between head and body", 0), ("cut in the body", 40)] {
        let (got, end) = answer(name);
        let (_, body, length) = parts(&got);
        assert_eq!((body.len(), end), (left, ErrorKind::UnexpectedEof), "{name}");
        assert!(length > 200, "{name}: the head must speak of the whole");
    }
    let (got, end) = answer("the last byte is missing");
    let (_, body, length) = parts(&got);
    assert_eq!((body.len() + 1, end), (length, ErrorKind::UnexpectedEof));
}

#[test]
fn connections_are_reset_and_stalled() {
    // What had arrived may be lost with the connection.
    let (_, end) = answer("reset in the body");
    assert_eq!(end, ErrorKind::ConnectionReset);
    let (got, end) = answer_within("stalled in the body", Duration::from_secs(3));
    assert_eq!(parts(&got).1.len(), 40);
    assert!(matches!(end, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{end:?}");
    let (got, end) = answer_within("stalled before the answer", Duration::from_millis(300));
    assert!(got.is_empty() && matches!(end, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{end:?}");
}
