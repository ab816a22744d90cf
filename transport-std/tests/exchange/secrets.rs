//! What is never shown.

use std::process::Command;
use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use pay_core::drive::transport::blocking::Transport;
use pay_core::wire::Auth;
use transport_std::HttpsTransport;

use super::server::{OK, Server, exchange, order_pay};

const SECRET: &str = "hunter2-hunter2-hunter2";
const CARD: &str = "4111-1111-1111-1111";
const CHILD: &str = "TRANSPORT_STD_TEST_LOG";

#[test]
fn debug_shows_the_address_alone() {
    let server = Server::answering(OK);
    let auth = Auth::merchant("merchant-id", SECRET).unwrap();
    let client = HttpsTransport::new(server.endpoint(auth), server.config()).unwrap();
    let expected = format!("HttpsTransport to https://pay.test:{}/pg", server.address.port());
    assert_eq!(format!("{client:?}"), expected);
    assert!(format!("{:?}", server.config()).starts_with("Config { roots: 1 of the caller, keep_alive_max: 15s"));
}

#[test]
fn errors_show_neither_path_nor_secret_nor_body() {
    for bytes in ["garbage SESSION\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nSESSION"] {
        let server = Server::closing(bytes);
        let auth = Auth::merchant("merchant-id", SECRET).unwrap();
        let mut client = HttpsTransport::new(server.endpoint(auth), server.config()).unwrap();
        let error = exchange(&mut client).unwrap_err();
        let mut text = format!("{error} {error:?}");
        let mut cause: &dyn core::error::Error = &error;
        while let Some(next) = cause.source() {
            text += &format!("{next} {next:?}");
            cause = next;
        }
        for word in ["SESSION", SECRET, "merchant-id", "/pg", "orders", "\"a\""] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

/// Everything logged: as it is, and as bytes where a line is a dump in hexadecimal digits.
struct Everything(Mutex<(String, String)>);

static LOG: Everything = Everything(Mutex::new((String::new(), String::new())));

impl Log for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        let mut log = self.0.lock().unwrap();
        for word in line
            .split(' ')
            .take_while(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
        {
            log.1.push_str(&word.to_ascii_lowercase());
        }
        log.0.push_str(&line);
        log.0.push('\n');
    }

    fn flush(&self) {}
}

// Mutant: giving the headers to ureq (`HttpRequest::header`): its codec dumps the request's head.
#[test]
fn even_the_finest_log_shows_no_secret() {
    // A logger is the whole process's, and slows the other tests.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "secrets::child", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && text.contains("looked at"), "{text}");
}

/// Run by [`even_the_finest_log_shows_no_secret`]; by itself it has nothing to show.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    log::set_logger(&LOG).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nx-canary: seen\r\n\r\n{\"a\":\"b\"}");
    for auth in [Auth::merchant("merchant-id", SECRET).unwrap(), Auth::bearer(SECRET).unwrap()] {
        let mut client = HttpsTransport::new(server.endpoint(auth), server.config()).unwrap();
        client.exchange(&order_pay().with_body(CARD.as_bytes()), &mut [0; 64]).unwrap();
    }
    assert!(server.requests().iter().all(|request| request.contains(SECRET) && request.contains(CARD)));
    let log = LOG.0.lock().unwrap();
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    assert!(log.1.contains(&hex("POST /pg/orders/sessions")), "the dump is read right");
    // The answer's links can carry tokens.
    for secret in [SECRET, CARD, "canary", "\"a\":\"b\""] {
        assert!(!log.0.contains(secret), "{}", log.0);
        assert!(!log.1.contains(&hex(secret)));
    }
    println!("looked at {} bytes", log.0.len());
}
