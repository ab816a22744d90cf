//! A backend that runs as a program of its own, and can be killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use backend::Database;
use serde_json::Value;

use crate::shop::Shop;

pub(crate) struct Running {
    child: Mutex<Child>,
    /// What it printed when it was ready.
    pub(crate) ready: Value,
    pub(crate) url: String,
}

impl Running {
    /// `name`: of the folder for its log. `gateway`: the way to the shop's gateway.
    pub(crate) fn start(shop: &Shop, name: &str, gateway: &str, more: &[&str]) -> Self {
        let state = shop.dir.join(name);
        fs::create_dir_all(&state).expect("a folder");
        let authority = shop.dir.join("gateway.pem");
        fs::write(&authority, shop.gateway.ca_pem()).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_backend"));
        command.args(["--gateway", gateway, "--cap", "50", "--limits-times", "1000", "--gateway-ca"]).arg(authority);
        match &shop.config.database {
            Database::Folder(folder) => command.arg("--dir").arg(folder),
            Database::Postgres(url) => command.arg("--dir").arg(&state).env("BACKEND_DATABASE", url),
        };
        let child = command
            .args(more)
            .env("CASHFREE_CLIENT_ID", shop.gateway.client_id())
            .env("CASHFREE_CLIENT_SECRET", shop.gateway.client_secret())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(state.join("stderr")).expect("a log"))
            .spawn();
        let mut child = child.expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{}", fs::read_to_string(state.join("stderr")).unwrap_or_default()));
        let url = ready["url"].as_str().expect("a URL").to_owned();
        Self { child: Mutex::new(child), ready, url }
    }

    /// By SIGKILL; when this returns it has let go of its folder.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
