//! [`Task::Probe`](crate::Task::Probe): connects, and says what came of it.

use core::fmt;

use rand_core::CryptoRngCore;
use transport_embassy::Connect;
use transport_embassy::tls::{self, Clock, KeyShape, Negotiated, ServerName, Trust};

use crate::config::Server;
use crate::exit::Exit;
use crate::report::Report;

/// Opens a connection up to the end of the handshake and drops it. No application data leaves.
pub(crate) async fn run<C: Connect>(
    server: &Server<'_>,
    mut connector: C,
    mut buffers: tls::Buffers<'_>,
    trust: Trust<'_>,
    clock: &impl Clock,
    mut random: impl CryptoRngCore,
    report: &Report<'_>,
) -> Exit {
    let Ok(name) = ServerName::try_from(server.name) else {
        report.error("gateway.name: not a host name");
        return Exit::Local;
    };
    if let Err(error) = connector.connect(server.host, server.port.get()).await {
        report.error(error);
        return Exit::Local;
    }
    report.connected(server.host, server.port.get());
    let mut result = tls::connect(&mut connector, &mut buffers, &name, &trust, clock, &mut random).await;
    if let Ok(session) = &mut result {
        // Whether the server hears it makes no difference.
        let _ = session.channel(&mut connector, &mut buffers).close().await;
    }
    connector.abort();
    match result {
        Ok(session) => {
            report.probed(server.host, server.name, session.negotiated());
            Exit::Paid
        }
        Err(error) => {
            report.error(error);
            Exit::Local
        }
    }
}

/// What was negotiated, and the server's chain, as members of a JSON object. What this client would not take has no name.
pub(crate) struct Probed<'a>(pub(crate) &'a Negotiated);

impl fmt::Display for Probed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Negotiated { version, suite, group, proof, chain_len, .. } = *self.0;
        let version = Name(version, &[(0x0304, "TLS 1.3")]);
        let suite = Name(suite, &[(0x1301, "TLS_AES_128_GCM_SHA256"), (0x1303, "TLS_CHACHA20_POLY1305_SHA256")]);
        let group = Name(group, &[(0x0017, "secp256r1"), (0x001d, "x25519")]);
        let proof = Name(proof, &SCHEMES);
        write!(f, r#""version":"{version}","suite":"{suite}","group":"{group}","proof":"{proof}","#)?;
        write!(f, r#""chain_bytes":{chain_len},"chain":["#)?;
        for (n, certificate) in self.0.chain().iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, r#"{comma}{{"bytes":{},"key":"#, certificate.len)?;
            match certificate.key {
                KeyShape::P256 => f.write_str(r#""P-256"}"#)?,
                KeyShape::P384 => f.write_str(r#""P-384"}"#)?,
                KeyShape::Rsa(bits) => write!(f, r#""RSA-{bits}"}}"#)?,
                _ => f.write_str(r#""other"}"#)?,
            }
        }
        f.write_str("]")
    }
}

/// Names of the SignatureScheme registry.
const SCHEMES: [(u16, &str); 5] = [
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
];

/// A number of a registry by its name, or else as it is.
struct Name(u16, &'static [(u16, &'static str)]);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}
