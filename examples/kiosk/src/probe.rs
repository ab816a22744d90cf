//! `--probe`: connects, and says what came of it.

use rand_core::CryptoRngCore;
use transport_embassy::Connect;
use transport_embassy::tls::{self, Clock, ServerName, Trust};

use crate::arguments::Server;
use crate::exit::Exit;
use crate::report::Report;

/// Opens a connection up to the end of the handshake and drops it. No application data leaves.
///
/// There is one version, one suite and one group that this client speaks, so they are told, not asked. How the server's chain
/// is made the TLS layer does not say.
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
        report.error("--server-name: not a host name");
        return Exit::Local;
    };
    if let Err(error) = connector.connect(server.host, server.port).await {
        report.error(error);
        return Exit::Local;
    }
    let result = tls::connect(&mut connector, &mut buffers, &name, &trust, clock, &mut random).await;
    connector.abort();
    match result {
        Ok(_) => {
            report.probed(server.host, server.name);
            Exit::Paid
        }
        Err(error) => {
            report.error(error);
            Exit::Local
        }
    }
}
