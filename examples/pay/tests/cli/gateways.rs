//! Two kinds of gateway: `pay sandbox` as a child, and the sandbox in this process, whose answers can be spoiled.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};

use sandbox::{Config, Rules, Server};
use serde_json::Value;

use super::program::{Run, command, pay, pay_with};

/// A gateway to call, with the files that say how.
pub struct Gateway {
    pub url: String,
    pub ca: String,
    pub keys: String,
    pub till: String,
    directory: PathBuf,
    child: Option<Child>,
    pub server: Option<Server>,
}

impl Gateway {
    /// `pay sandbox`, as a process of its own.
    pub fn child(settle_after_ms: Option<u64>) -> Self {
        let directory = directory();
        let mut args = vec!["sandbox", "--dir", directory.to_str().unwrap()];
        let settle = settle_after_ms.map(|ms| ms.to_string());
        if let Some(ms) = &settle {
            args.extend(["--settle-after-ms", ms]);
        }
        let mut child = command(&args, &[]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        assert!(text("url").starts_with("https://127.0.0.1:") && text("url").ends_with("/pg"));
        assert!(directory.join("ca.der").exists());
        let keys = directory.join("keys.json");
        fs::write(&keys, &line).unwrap();
        let till = path(&directory.join("till"));
        Self { url: text("url"), ca: text("ca"), keys: path(&keys), till, directory, child: Some(child), server: None }
    }

    pub fn here(rules: Rules) -> Self {
        let directory = directory();
        let server = Server::start(Config { rules, ..Config::default() }).unwrap();
        let (ca, keys) = (directory.join("ca.der"), directory.join("keys.json"));
        fs::write(&ca, server.ca_der()).unwrap();
        let text = serde_json::json!({"client_id": server.client_id(), "client_secret": server.client_secret()});
        fs::write(&keys, text.to_string()).unwrap();
        Self {
            url: server.url().to_owned(),
            ca: path(&ca),
            keys: path(&keys),
            till: path(&directory.join("till")),
            directory,
            child: None,
            server: Some(server),
        }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// A file beside the others.
    pub fn file(&self, name: &str, text: &str) -> String {
        let file = self.directory.join(name);
        fs::write(&file, text).unwrap();
        path(&file)
    }

    /// With the merchant's keys.
    pub fn pay(&self, args: &[&str]) -> Run {
        self.pay_typing(args, "")
    }

    pub fn pay_typing(&self, args: &[&str], stdin: &str) -> Run {
        let run = pay_with(&[args, &self.options(args), &self.with_keys(args)].concat(), stdin, &[]);
        let keys: Value = serde_json::from_str(&fs::read_to_string(&self.keys).unwrap()).unwrap();
        let secret = keys["client_secret"].as_str().unwrap();
        assert!(!run.out.contains(secret) && !run.err.contains(secret), "{run:?}");
        run
    }

    /// Begins this at a till with this folder, with the merchant's keys.
    pub fn begin(&self, till: &str, args: &[&str]) -> Child {
        let options = ["--gateway", &self.url, "--ca", &self.ca, "--keys", &self.keys, "--till", till];
        command(&[args, &options].concat(), &[]).spawn().unwrap()
    }

    /// Begins what needs no till's folder, with the merchant's keys.
    pub fn begin_at_once(&self, args: &[&str]) -> Child {
        let options = ["--gateway", &self.url, "--ca", &self.ca, "--keys", &self.keys];
        command(&[args, &options].concat(), &[]).spawn().unwrap()
    }

    /// As a till without keys.
    pub fn pay_without_keys(&self, args: &[&str]) -> Run {
        pay(&[args, &self.options(args)].concat())
    }

    /// The options that say where, as far as this command takes them.
    fn options(&self, args: &[&str]) -> Vec<&str> {
        let (to, till) = (["--gateway", &self.url, "--ca", &self.ca], ["--till", &self.till]);
        match (args[0], args.get(1)) {
            ("journal", Some(&("list" | "show" | "prune"))) => till.to_vec(),
            ("order" | "journal", _) => [&to[..], &till].concat(),
            _ => to.to_vec(),
        }
    }

    fn with_keys(&self, args: &[&str]) -> Vec<&str> {
        if self.options(args).contains(&"--gateway") { vec!["--keys", &self.keys] } else { Vec::new() }
    }

    /// Creates an order and gives its session.
    pub fn order(&self, id: &str) -> String {
        let run =
            self.pay(&["order", "create", "--order-id", id, "--amount", "10.15", "--phone", "9999999999", "--json"]);
        let order = run.expect(0).json();
        assert_eq!((&order["order_id"], &order["amount_minor"]), (&id.into(), &1015.into()));
        order["payment_session_id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{}-{count}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
