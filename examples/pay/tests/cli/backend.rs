//! A till without keys that asks the merchant's backend: here a small one, which knows one device token.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sandbox::{Request, Rules, Server};

use super::gateways::Gateway;
use super::program::pay_with;

const TOKEN: &str = "device-token-0123456789abcdef";

// Mutant: sending both routes to the gateway gets a 401 for every question, and ends pending.
#[test]
fn it_pays_at_the_gateway_and_asks_the_backend() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(200), ..Rules::default() });
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("https://{address}");
    // Both are trusted.
    let ca = gateway.file("both.pem", &format!("{}{}", gateway.server().ca_pem(), certificate.cert.pem()));
    let token = gateway.file("token", &format!("{TOKEN}\n"));

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (server, over, tls) = (gateway.server(), &over, Arc::new(tls));
        scope.spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // A client that distrusts us, or goes away, is its own business.
                let _ = serve(stream.unwrap(), Arc::clone(&tls), server);
            }
        });
        let to = ["--gateway", &gateway.url, "--ca", &ca, "--status-url", &url];
        let run = |args: &[&str], env: &[(&str, &str)]| pay_with(&[args, &to].concat(), "", env);
        let env = [("CASHFREE_DEVICE_TOKEN", TOKEN)];

        let result = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            let order = run(&["order", "create", "--order-id", "order-1", "--json"], &env).expect(0).json();
            let session = order["payment_session_id"].as_str().unwrap();
            let pay = ["order", "pay", "--session", session, "--order-id", "order-1", "--method", "upi-link", "--json"];
            let with_file = [&pay[..], &["--token-file", &token]].concat();
            assert_eq!(run(&with_file, &[]).expect(0).json()["outcome"], "paid");
            run(&["status", "--order-id", "order-1"], &env).expect(0);
            // Without a token, or with a wrong one, nothing is asked and nothing paid.
            run(&["status", "--order-id", "order-1"], &[]).expect(1);
            run(&["status", "--order-id", "order-1"], &[("CASHFREE_DEVICE_TOKEN", "hunter2hunter2")]).expect(3);
        }));
        over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(address);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

/// One request: what the token's device asks, asked with the merchant's keys.
fn serve(stream: TcpStream, tls: Arc<ServerConfig>, server: &Server) -> std::io::Result<()> {
    let session = ServerConnection::new(tls).unwrap();
    let mut stream = BufReader::new(StreamOwned::new(session, stream));
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request::new(method, &format!("/pg{path}"));
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => request = request.with_header(name, value),
            None => break,
        }
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body)?;
    let known = request.header("authorization") == Some(&format!("Bearer {TOKEN}"));
    let keys = if known { (server.client_id(), server.client_secret()) } else { ("nobody", "nothing") };
    let request = request.with_header("x-client-id", keys.0).with_header("x-client-secret", keys.1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let answer = server.gateway().handle(&request, u64::try_from(now).unwrap());
    let head = format!(
        "HTTP/1.1 {} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    let stream = stream.get_mut();
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)?;
    stream.conn.send_close_notify();
    stream.flush()
}
