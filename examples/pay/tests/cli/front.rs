//! A server whose TLS and whose answer a test chooses: every request gets the same answer, and the connection ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rcgen::{KeyPair, SignatureAlgorithm, generate_simple_self_signed};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

pub struct Front {
    pub url: String,
    pub ca: String,
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a front is made of.
pub struct Made {
    pub provider: CryptoProvider,
    pub versions: &'static [&'static SupportedProtocolVersion],
    pub key: &'static SignatureAlgorithm,
    pub status: u16,
}

impl Default for Made {
    fn default() -> Self {
        let (provider, versions) = (ring::default_provider(), rustls::ALL_VERSIONS);
        Self { provider, versions, key: &rcgen::PKCS_ECDSA_P256_SHA256, status: 404 }
    }
}

impl Front {
    pub fn start(made: Made) -> Self {
        let key = KeyPair::generate_for(made.key).unwrap();
        let certificate = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(made.provider))
            .with_protocol_versions(made.versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let (config, ended, status) = (Arc::new(config), Arc::clone(&over), made.status);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, config) = (stream.unwrap(), Arc::clone(&config));
                // Whoever does not like it goes away.
                thread::spawn(move || serve(stream, config, status));
            }
        });
        let url = format!("https://{address}/pg");
        Self { url, ca: certificate.pem(), address, over, thread: Some(thread) }
    }

    /// Another self-signed certificate for the same name.
    pub fn other_ca() -> String {
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, status: u16) -> std::io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut head = Vec::new();
    let mut buf = [0; 4096];
    while !head.windows(4).any(|part| part == b"\r\n\r\n") {
        let read = stream.read(&mut buf)?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&buf[..read]);
    }
    // Neither a length nor chunks: the answer ends with its connection.
    let body = r#"{"code":"order_not_found","type":"invalid_request_error","message":"there is none"}"#;
    write!(stream, "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{body}")?;
    stream.conn.send_close_notify();
    stream.flush()
}
