//! Chromium without a screen, driven over WebDriver.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

const CHROMIUM: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";

/// A driver that ends with the test.
pub(crate) struct Driver {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Driver {
    pub(crate) fn start(name: &str) -> Self {
        for program in [CHROMIUM, DRIVER] {
            let is_there = Path::new(program).exists();
            assert!(
                is_there,
                "{program} is missing: `cargo xtask test --install`, or Debian's packages chromium and chromium-driver"
            );
        }
        let folder = std::env::temp_dir().join(format!("backend-browser-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        // Whatever becomes of the tests, the driver does not outlive them.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=KILL", DRIVER, "--port=0"]).env("HOME", &folder).env("TMPDIR", &folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the driver");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let port = loop {
            let line = lines.next().expect("a line with the port").expect("text");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().expect("a port");
            }
        };
        // It must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), folder }
    }

    /// A browser whose page is so wide.
    pub(crate) async fn browser(&self, width: u32) -> Client {
        let profile = self.folder.join(format!("profile-{width}"));
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        let options = json!({
            "binary": CHROMIUM,
            "args": arguments,
            // No window is as narrow as a telephone.
            "mobileEmulation": {"deviceMetrics": {"width": width, "height": 1400, "pixelRatio": 1.0, "touch": false}},
            // The page has no script, and no script of others may run.
            "prefs": {"profile.managed_default_content_settings.javascript": 2},
        });
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", self.address))
            .await
            .expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
