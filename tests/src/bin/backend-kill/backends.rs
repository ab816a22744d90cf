//! Two backends on one database, each the program that ships in a process of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use sandbox::Server;
use serde_json::Value;

pub const BACKENDS: usize = 2;
/// The name of them all, whichever answers.
pub const HOST: &str = "localhost";
/// What the next release would add, where there is no release before: a table, a column of one that every event writes, an index of another.
const NEXT: &str = "CREATE TABLE later (id TEXT NOT NULL PRIMARY KEY);
ALTER TABLE orders ADD COLUMN later TEXT NOT NULL DEFAULT '';
CREATE INDEX duties_leased ON duties (leased);";
/// Its file.
const MIGRATION: &str = "0099_next.sql";
/// So often one is started until it stays: its database may not be there yet.
const TRIES: u32 = 20;

/// Which program a backend is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The one before.
    Old,
    /// The one that brings a migration.
    Next,
}

/// The programs of two releases.
pub struct Programs {
    pub this: PathBuf,
    /// The release before. Without it this one is the one before, and itself with one more migration the next.
    pub before: Option<PathBuf>,
}

pub struct Backends {
    programs: Programs,
    folder: PathBuf,
    gateway: [String; 3],
    database: String,
    /// The certificate that both present.
    certificate: String,
    places: [Place; BACKENDS],
}

struct Place {
    listen: SocketAddr,
    hooks: SocketAddr,
    monitor: SocketAddr,
    child: Option<Child>,
}

impl Backends {
    pub fn new(programs: Programs, folder: &Path, gateway: &Server, database: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
        let certificate = made.cert.pem();
        fs::write(folder.join("gateway.pem"), gateway.ca_pem()).expect("a file");
        fs::write(folder.join("certificate.pem"), &certificate).expect("a file");
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
        fs::write(folder.join(MIGRATION), NEXT).expect("a file");
        let place = |n| Place { listen: free(n), hooks: free(n), monitor: free(n), child: None };
        Self {
            programs,
            folder: folder.to_owned(),
            gateway: [gateway.url(), gateway.client_id(), gateway.client_secret()].map(str::to_owned),
            database: database.to_owned(),
            certificate,
            places: core::array::from_fn(place),
        }
    }

    /// Where they listen.
    pub fn addresses(&self) -> [SocketAddr; BACKENDS] {
        self.places.each_ref().map(|place| place.listen)
    }

    /// Where they take webhooks.
    pub fn hooks(&self) -> [SocketAddr; BACKENDS] {
        self.places.each_ref().map(|place| place.hooks)
    }

    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Makes a token for a kiosk.
    pub fn token(&self, name: &str, is_direct: bool) -> String {
        let mut command = Command::new(self.programs.of(Release::Old));
        command.args(["token", "add", name]).args(is_direct.then_some("--direct"));
        command.env("BACKEND_DATABASE", &self.database);
        let output = command.output().expect("the program");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a token").trim().to_owned()
    }

    /// Starts one, as a service's manager does: again until it stays.
    pub fn start(&mut self, n: usize, release: Release) {
        for _ in 0..TRIES {
            let mut child = self.command(n, release).spawn().expect("the program");
            let mut line = String::new();
            BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
            if serde_json::from_str::<Value>(&line).is_ok() {
                self.places[n].child = Some(child);
                return;
            }
            let _ = child.wait();
            thread::sleep(Duration::from_millis(200));
        }
        panic!("a backend does not start: {}", fs::read_to_string(self.log(n)).unwrap_or_default());
    }

    /// By SIGKILL; when this returns it is gone.
    pub fn kill(&mut self, n: usize) {
        if let Some(mut child) = self.places[n].child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// By SIGTERM, as a service's manager ends one; when this returns it has finished what it owed.
    pub fn stop(&mut self, n: usize) {
        if let Some(mut child) = self.places[n].child.take() {
            let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
            assert!(told.is_ok_and(|status| status.success()), "a backend that is told to end");
            assert!(child.wait().is_ok_and(|status| status.success()), "a backend that ends in order");
        }
    }

    /// What one has counted since its start, as `/metrics` has it.
    pub fn counted(&self, n: usize) -> String {
        let ask = || -> io::Result<String> {
            let mut stream = TcpStream::connect(self.places[n].monitor)?;
            stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        ask().unwrap_or_default()
    }

    fn command(&self, n: usize, release: Release) -> Command {
        let [url, id, secret] = &self.gateway;
        let place = &self.places[n];
        let log: File = OpenOptions::new().create(true).append(true).open(self.log(n)).expect("a log");
        // Whatever becomes of this program, they do not outlive it.
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg(self.programs.of(release));
        if release == Release::Next && self.programs.before.is_none() {
            command.env("BACKEND_NEXT_MIGRATION", self.folder.join(MIGRATION));
        }
        command.args(["--gateway", url, "--cap", "50", "--limits-times", "10000"]);
        command.args(["--listen", &place.listen.to_string(), "--listen-hooks", &place.hooks.to_string()]);
        command.args(["--monitor", &place.monitor.to_string()]);
        for (option, file) in [("--gateway-ca", "gateway.pem"), ("--cert", "certificate.pem"), ("--key", "key.pem")] {
            command.arg(option).arg(self.folder.join(file));
        }
        command.arg("--dir").arg(self.folder.join(format!("backend-{n}")));
        command.env("BACKEND_DATABASE", &self.database);
        command.env("CASHFREE_CLIENT_ID", id).env("CASHFREE_CLIENT_SECRET", secret);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command
    }

    fn log(&self, n: usize) -> PathBuf {
        self.folder.join(format!("backend-{n}.log"))
    }
}

impl Programs {
    fn of(&self, release: Release) -> &Path {
        match (release, &self.before) {
            (Release::Old, Some(before)) => before,
            _ => &self.this,
        }
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        (0..BACKENDS).for_each(|n| self.kill(n));
    }
}

/// An address of this machine that nobody connects from: so nobody takes its port while its backend is down.
fn free(n: usize) -> SocketAddr {
    let ip = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(n).expect("few"));
    TcpListener::bind((ip, 0)).and_then(|listener| listener.local_addr()).expect("a port")
}
