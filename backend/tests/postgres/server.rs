//! A PostgreSQL server that ends with the tests.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

const PACKAGES: &str = "/usr/lib/postgresql";

pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    /// Its process, while it runs.
    id: Mutex<u32>,
}

impl Postgres {
    pub(crate) fn start(name: &str) -> Self {
        let versions = fs::read_dir(PACKAGES).into_iter().flatten().filter_map(|version| Some(version.ok()?.path()));
        let programs = versions.map(|version| version.join("bin")).filter(|bin| bin.join("postgres").exists()).max();
        let programs =
            programs.expect("PostgreSQL is missing: `cargo xtask test --install`, or Debian's package postgresql");
        remove_old();
        let folder = std::env::temp_dir().join(format!("backend-postgres-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (user, group) = account();
        chown(&folder, Some(user), Some(group)).expect("a folder of the server's account");
        let server = Self { programs, folder, id: Mutex::new(0) };
        let data = server.folder.join("data");
        let made = server
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--no-sync", "-D"])
            .arg(&data)
            .output();
        let made = made.expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.run();
        server
    }

    /// A program of the package, as the server's account: it does not run as root.
    fn command(&self, name: &str) -> Command {
        let (user, group) = account();
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        // Whatever becomes of the tests, the server does not outlive them.
        command.arg("--pdeathsig=QUIT").arg(self.programs.join(name)).stdin(Stdio::null()).current_dir("/");
        command
    }

    pub(crate) fn run(&self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        // Nobody cuts the power of the machine here, so the disk need not be waited for.
        command.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=400"]);
        command.stderr(fs::File::create(self.folder.join("log")).expect("a log")).stdout(Stdio::null());
        let (started, id) = mpsc::channel();
        // The signal comes when the thread ends that started it: so this one waits for it.
        thread::spawn(move || {
            let mut child = command.spawn().expect("postgres");
            let _ = started.send(child.id());
            let _ = child.wait();
        });
        *self.id.lock().expect("an id") = id.recv().expect("a process");
        for _ in 0..600 {
            let mut ready = self.command("pg_isready");
            if ready.arg("-h").arg(&self.folder).output().is_ok_and(|done| done.status.success()) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Makes an empty database; its URL.
    pub(crate) fn create(&self, name: &str) -> String {
        let made = self.command("createdb").args(["-U", "postgres", "-h"]).arg(&self.folder).arg(name).output();
        let made = made.expect("createdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.display())
    }

    /// As `pg_ctl restart -m immediate`: every connection breaks, and what was not committed is gone.
    pub(crate) fn restart_at_once(&self) {
        self.end();
        self.run();
    }

    pub(crate) fn end(&self) {
        let id = *self.id.lock().expect("an id");
        let killed = Command::new("kill").args(["-QUIT", &id.to_string()]).status();
        assert!(killed.is_ok_and(|status| status.code() == Some(0) || status.signal().is_some()));
        while self.folder.join("data/postmaster.pid").exists() && Path::new(&format!("/proc/{id}")).exists() {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// For who does not keep it until the end of the process.
impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The account of Debian's package where we are root, else our own.
fn account() -> (u32, u32) {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("id");
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().expect("an account")
    };
    match id(&["-u"]) {
        0 => (id(&["-u", "postgres"]), id(&["-g", "postgres"])),
        user => (user, id(&["-g"])),
    }
}

/// What earlier runs left: their processes are gone, and their servers with them.
fn remove_old() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix("backend-postgres-")?.split('-').next());
        if id.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
