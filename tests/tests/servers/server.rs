//! Starts the servers, each with its own command line.

use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use transport_embassy::tls::{CertificateDer, TrustAnchor, anchor_from_trusted_cert};

/// What is typed into OpenSSL's terminal after the key update.
pub(crate) const TYPED: &str = "HTTP/1.1 200 OK\n";

#[derive(Clone, Copy, Debug)]
pub(crate) enum Server {
    OpenSsl,
    GnuTls,
    Nss,
    Go,
    WolfSsl,
}

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Defaults,
    /// Records of 512 bytes.
    SmallRecords,
    /// It has X25519 alone: a HelloRetryRequest.
    HelloRetry,
    /// It asks for a certificate, and goes on without.
    ClientCertificate,
    /// It sends tickets: OpenSSL 40 of them.
    Tickets,
    /// It answers what is typed, by hand.
    KeyUpdate,
}

/// A root and a server's certificate, as files in a directory of their own.
pub(crate) struct Pki {
    directory: PathBuf,
    root: CertificateDer<'static>,
}

/// A server that runs; it ends with this value.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
}

impl Pki {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("servers-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let params = |common_name: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
            let mut params = CertificateParams::new(names).unwrap();
            params.distinguished_name.push(DnType::CommonName, common_name);
            (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2036, 1, 1));
            params
        };
        let (root_key, leaf_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut root_params = params("root of the servers' test", &[]);
        root_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root_params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = root_params.self_signed(&root_key).unwrap();
        let mut leaf_params = params("server", &["localhost"]);
        leaf_params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf_params.signed_by(&leaf_key, &Issuer::new(root_params, root_key)).unwrap();
        let pki = Self { root: root.der().clone(), directory };
        for (name, text) in [
            ("root.pem", root.pem()),
            ("chain.pem", leaf.pem()),
            ("key.pem", leaf_key.serialize_pem()),
            ("both.pem", format!("{}{}", leaf_key.serialize_pem(), leaf.pem())),
            ("page", "{}".into()),
        ] {
            fs::write(pki.path(name), text).unwrap();
        }
        pki
    }

    pub(crate) fn anchor(&self) -> TrustAnchor<'static> {
        anchor_from_trusted_cert(&self.root).unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Pki {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Server {
    /// Starts it, and waits until it takes connections.
    pub(crate) fn start(self, pki: &Pki, way: Way) -> Running {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = match self {
            Self::OpenSsl => openssl(pki, way, port),
            Self::GnuTls => gnutls(pki, way, port),
            Self::Nss => nss(pki, way, port),
            Self::Go => go(pki, way, port),
            Self::WolfSsl => wolfssl(pki, way, port),
        };
        command.current_dir(&pki.directory).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut running = Running { child, port };
        let until = Instant::now() + Duration::from_secs(300);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(running.child.try_wait().unwrap().is_none(), "{command:?} ended");
            assert!(Instant::now() < until, "{command:?} takes no connection");
            thread::sleep(Duration::from_millis(50));
        }
        running
    }
}

impl Running {
    /// Waits for the request, changes the keys, then answers with [`TYPED`] and ends the connection.
    pub(crate) fn answer_with_new_keys(&mut self) {
        let mut lines = BufReader::new(self.child.stdout.as_mut().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("GET ")), "the request arrives");
        let terminal = self.child.stdin.as_mut().unwrap();
        // Commands are told from text by the first byte of what is read at once.
        for typed in ["K\n", TYPED, "Q\n"] {
            terminal.write_all(typed.as_bytes()).unwrap();
            terminal.flush().unwrap();
            thread::sleep(Duration::from_millis(500));
        }
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn openssl(pki: &Pki, way: Way, port: u16) -> Command {
    let mut command = Command::new("openssl");
    command.args(["s_server", "-tls1_3", "-accept", &port.to_string()]);
    command.args(["-cert", &pki.text("chain.pem"), "-key", &pki.text("key.pem")]);
    match way {
        Way::Defaults => command.arg("-www"),
        Way::SmallRecords => command.args(["-www", "-max_send_frag", "512"]),
        Way::HelloRetry => command.args(["-www", "-groups", "X25519"]),
        Way::ClientCertificate => command.args(["-www", "-verify", "1", "-CAfile", &pki.text("root.pem")]),
        Way::Tickets => command.args(["-www", "-num_tickets", "40"]),
        Way::KeyUpdate => command.arg("-no_ticket"),
    };
    command
}

fn gnutls(pki: &Pki, way: Way, port: u16) -> Command {
    let mut command = Command::new("gnutls-serv");
    command.args(["--http", "--port", &port.to_string()]);
    command.args(["--x509certfile", &pki.text("chain.pem"), "--x509keyfile", &pki.text("key.pem")]);
    let groups = if way == Way::HelloRetry { ":-GROUP-ALL:+GROUP-X25519" } else { "" };
    command.args(["--priority", &format!("NORMAL:-VERS-ALL:+VERS-TLS1.3{groups}")]);
    match way {
        Way::ClientCertificate => command.args(["--x509cafile", &pki.text("root.pem")]),
        _ => command.arg("--disable-client-cert"),
    };
    command
}

fn nss(pki: &Pki, way: Way, port: u16) -> Command {
    let database = format!("sql:{}", pki.directory.display());
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let (bundle, both) = (pki.text("both.p12"), pki.text("both.pem"));
    run("openssl", &["pkcs12", "-export", "-in", &both, "-out", &bundle, "-passout", "pass:pass", "-name", "server"]);
    run("certutil", &["-N", "-d", &database, "--empty-password"]);
    run("pk12util", &["-i", &bundle, "-d", &database, "-W", "pass", "-K", ""]);
    let mut command = Command::new("selfserv");
    command.args(["-d", &database, "-n", "server", "-p", &port.to_string(), "-V", "tls1.3:tls1.3"]);
    match way {
        Way::HelloRetry => command.args(["-I", "x25519"]),
        Way::ClientCertificate => command.arg("-r"),
        Way::Tickets => command.arg("-u"),
        _ => &mut command,
    };
    command
}

fn go(pki: &Pki, way: Way, port: u16) -> Command {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/server.go");
    let program = pki.path("server");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&program).arg(source).env("GOCACHE", std::env::temp_dir().join("servers-go"));
    let built = build.output().unwrap_or_else(|error| panic!("go: {error}"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mut command = Command::new(program);
    command.arg(format!("127.0.0.1:{port}"));
    match way {
        Way::HelloRetry => command.arg("x25519"),
        Way::ClientCertificate => command.arg("certificate"),
        _ => command.arg("defaults"),
    };
    command
}

/// lighttpd with its module for wolfSSL.
fn wolfssl(pki: &Pki, way: Way, port: u16) -> Command {
    let certificate = if way == Way::ClientCertificate {
        let root = pki.text("root.pem");
        format!(
            "ssl.verifyclient.activate = \"enable\"\nssl.verifyclient.enforce = \"disable\"\nssl.ca-file = \"{root}\"\n"
        )
    } else {
        String::new()
    };
    let text = format!(
        "server.modules = (\"mod_wolfssl\")\nserver.document-root = \"{}\"\nserver.bind = \"127.0.0.1\"\nserver.port = {port}\n\
         ssl.engine = \"enable\"\nssl.pemfile = \"{}\"\nssl.openssl.ssl-conf-cmd = (\"MinProtocol\" => \"TLSv1.3\")\n{certificate}",
        pki.directory.display(),
        pki.text("both.pem"),
    );
    fs::write(pki.path("lighttpd.conf"), text).unwrap();
    let mut command = Command::new("/usr/sbin/lighttpd");
    command.arg("-D").arg("-f").arg(pki.path("lighttpd.conf"));
    command
}
