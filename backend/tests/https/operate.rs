//! Running the program: its check, its log, what it counts, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::child::Guard;
use crate::shop::{agent_of, order};

/// A sandbox's files, and the program's options for it.
struct Place {
    gateway: sandbox::Server,
    dir: std::path::PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let gateway = sandbox::Server::start(sandbox::Config::default()).expect("a sandbox");
        let dir = std::env::temp_dir().join(format!("backend-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a directory");
        fs::write(dir.join("gateway.pem"), gateway.ca_pem()).expect("a file");
        Self { gateway, dir }
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backend"));
        command
            .env("CASHFREE_CLIENT_ID", self.gateway.client_id())
            .env("CASHFREE_CLIENT_SECRET", self.gateway.client_secret())
            .current_dir(&self.dir);
        command
    }

    fn options(&self) -> [String; 6] {
        ["--gateway", self.gateway.url(), "--gateway-ca", "gateway.pem", "--dir", "state"].map(str::to_owned)
    }

    /// What `backend check` says with these options too, and whether it is content.
    fn check(&self, more: &[&str]) -> (bool, String) {
        let output = self.program().arg("check").args(self.options()).args(more).output().expect("the program");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

// Meant to notice: answers that are broken off at the end; a backend that takes connections while it ends; a log line that is no JSON; a secret in the
// log or among the counters.
#[test]
fn it_logs_counts_and_ends_in_order() {
    let place = Place::new("operate");
    let mut command = place.program();
    command.args(place.options()).args(["--new-token-file", "token", "--log", "json"]);
    command.args(["--monitor", "127.0.0.1:0", "--page", "127.0.0.1:0"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map(Guard).expect("the program");
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    let url = ready["url"].as_str().expect("a URL").to_owned();
    let monitor = ready["monitor"].as_str().expect("an address").to_owned();
    let token = fs::read_to_string(place.dir.join("token")).expect("a token");
    let ca = fs::read(place.dir.join(ready["ca"].as_str().expect("a path"))).expect("the authority");

    let agent = agent_of(&ca);
    let plain = |path: &str| {
        let mut reply = agent.get(format!("http://{monitor}{path}")).call().expect("an answer");
        (reply.status().as_u16(), reply.body_mut().read_to_string().expect("text"))
    };
    assert_eq!((plain("/healthz").0, plain("/readyz").0, plain("/").0), (200, 200, 404));
    let made = agent.post(format!("{url}/orders")).header("authorization", format!("Bearer {token}"));
    let made = made.header("x-api-version", "2025-01-01").header("content-type", "application/json");
    assert_eq!(made.send(order("till-1", "10.15")).expect("an answer").status(), 200);
    let asked = agent.get(format!("{url}/orders/till-1?secret=hunter2")).header("authorization", "Bearer wrong-token");
    assert_eq!(asked.call().expect("an answer").status(), 401);
    let (status, counted) = plain("/metrics");
    assert_eq!(status, 200);
    for part in [
        r#"backend_requests_total{door="devices",status="200"} 1"#,
        r#"backend_requests_total{door="devices",status="401"} 1"#,
        r#"backend_gateway_calls_total{account="merchant",call="create_order",status="200"} 1"#,
        r#"backend_request_duration_seconds_count{door="devices"} 2"#,
        r#"backend_connections{door="monitor"} "#,
        "backend_people_matters 0",
        "backend_open_orders 1",
        "backend_overdue_duties 0",
        "# EOF",
    ] {
        assert!(counted.contains(part), "{part} is not in {counted}");
    }

    // A device waits for its order, and the backend is told to end.
    let since = Instant::now();
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let asked = agent.get(format!("{url}/orders/till-1")).header("authorization", format!("Bearer {token}"));
            let asked = asked.header("x-api-version", "2025-01-01").header("prefer", "wait=10");
            asked.call().expect("an answer, not a broken connection").status().as_u16()
        });
        thread::sleep(Duration::from_millis(700));
        assert!(Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("kill").success());
        assert_eq!(waits.join().expect("an answer"), 200);
    });
    assert!(since.elapsed() < Duration::from_secs(9), "nobody waits for news of a backend that ends");
    let ended = child.0.wait().expect("an end");
    assert!(ended.success(), "{ended}");
    let address = url.strip_prefix("https://").and_then(|rest| rest.split('/').next()).expect("an address");
    assert!(TcpStream::connect(address).is_err(), "it takes connections no more");

    let mut log = String::new();
    child.0.stderr.take().expect("stderr").read_to_string(&mut log).expect("text");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let has = |name: &str, value: &str| lines.iter().any(|line| line[name] == value);
    assert!(has("path", "/pg/orders/till-1") && has("door", "devices") && has("message", "stopping"), "{log}");
    assert!(lines.iter().any(|line| line["status"] == 401 && line["level"] == "INFO"), "{log}");
    // A sum of times has any digits: 0.13299999999999998.
    let counted: String = counted.lines().filter(|line| !line.contains("_sum{")).collect();
    let secrets = [&token, place.gateway.client_secret(), "hunter2", "wrong-token", "9999999999", "session_"];
    for (number, secret) in secrets.into_iter().enumerate() {
        assert!(!log.contains(secret) && !counted.contains(secret), "secret {number} of these got out");
    }
}

// Meant to notice: the keys of --keys used for every account; the factor in a key file left out; a name that is no name, or is given twice; a
// byte order mark taken for a part of the keys.
#[test]
fn an_account_of_the_options_has_its_own_keys_and_limits() {
    let place = Place::new("account");
    let keys = |file: &str, secret: &str, more: &str| {
        let id = place.gateway.client_id();
        // As an editor on Windows writes it.
        let text = format!("\u{feff}{{\"client_id\":\"{id}\",\r\n\"client_secret\":\"{secret}\"{more}}}\r\n");
        fs::write(place.dir.join(file), text).expect("a file");
    };
    keys("wrong.json", "cfsk_of_nobody", "");
    // A sandbox's limit of 30 orders a minute, seven times.
    keys("north.json", place.gateway.client_secret(), ",\"limits_times\":7");
    let token = |name: &str, account: &str| {
        let added = place.program().args(["token", "add", name, "--account", account, "--dir", "state"]).output();
        String::from_utf8(added.expect("the program").stdout).expect("text").trim().to_owned()
    };
    let (north, wrong) = (token("kiosk-1", "north"), token("kiosk-2", "wrong"));
    assert_eq!((north.len(), token("kiosk-3", "a b").len()), (64, 0));
    let mut command = place.program();
    command.args(place.options()).args(["--limits", "sandbox"]);
    command.args(["--account", "north=north.json", "--account", "wrong=wrong.json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.map(Guard).expect("the program");
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    let url = ready["url"].as_str().expect("a URL").to_owned();
    let ca = fs::read(place.dir.join(ready["ca"].as_str().expect("a path"))).expect("the authority");
    let agent = agent_of(&ca);
    let create = |token: &str, id: &str| {
        let made = agent.post(format!("{url}/orders")).header("authorization", format!("Bearer {token}"));
        let made = made.header("x-api-version", "2025-01-01").header("content-type", "application/json");
        let made = made.send(order(id, "10.15")).expect("an answer");
        let limit = made.headers().get("x-ratelimit-limit").and_then(|limit| limit.to_str().ok()).map(str::to_owned);
        (made.status().as_u16(), limit)
    };
    assert_eq!(create(&north, "till-1"), (200, Some("210".to_owned())));
    assert_eq!(create(&wrong, "till-2"), (502, Some("30".to_owned())), "the gateway knows no such keys");
    drop(child);

    let check = |more: &[&str]| place.check(more);
    let (ok, said) = check(&["--account", "north=north.json"]);
    assert!(!ok && said.contains("of account wrong") && !said.contains("of account north"), "{said}");
    assert!(said.contains("note: north.json: others on this machine may read this secret"), "{said}");
    let (ok, said) = check(&["--account", "north=north.json", "--account", "north=wrong.json"]);
    assert!(!ok && said.contains("account \"north\": a name is"), "{said}");
    assert!(check(&["--account", "north=north.json", "--account", "wrong=wrong.json"]).0);
}

// Meant to notice: a check that ends at the first fault, changes something, or is content with what does not start.
#[test]
fn a_check_says_all_that_is_wrong() {
    let place = Place::new("check");
    let (ok, said) = place.check(&[]);
    assert!(ok && said.lines().all(|line| line.starts_with("note: ")), "{said}");
    assert!(!place.dir.join("state").exists(), "it made something");

    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    fs::write(place.dir.join("cert.pem"), other.cert.pem()).expect("a file");
    let wrong = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    fs::write(place.dir.join("key.pem"), wrong).expect("a file");
    fs::write(place.dir.join("keys.json"), "{\"client_id\":1}").expect("a file");
    fs::create_dir(place.dir.join("state")).expect("a folder");
    fs::write(place.dir.join("state/backend.sqlite"), "no database").expect("a file");
    let (ok, said) = place.check(&[
        "--keys",
        "keys.json",
        "--cert",
        "cert.pem",
        "--key",
        "key.pem",
        "--listen-hooks",
        "0.0.0.0:0",
        "--page",
        "127.0.0.1:18445",
        "--monitor",
        "127.0.0.1:18445",
        "--connections",
        "65535",
        "--page-origin",
        "desk",
        "--outgoing",
        "192.0.2.1",
    ]);
    assert!(!ok);
    for part in [
        "wrong: keys.json is not a JSON object with client_id and client_secret",
        "wrong: the certificate or its key:",
        "wrong: webhooks in plain HTTP are taken on loopback addresses only",
        "wrong: the page: its origin must be",
        "wrong: no call can come from 192.0.2.1: ",
        "wrong: 127.0.0.1:18445 is given twice",
        "wrong: the database: ",
        "note: key.pem: others on this machine may read this secret",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    fs::remove_file(place.dir.join("state/backend.sqlite")).expect("a file");
    assert!(place.program().args(["token", "add", "kiosk-1", "--dir", "state"]).output().expect("it").status.success());
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("its address").to_string();
    let (ok, said) = place.check(&["--listen", &address]);
    assert!(!ok && said.contains(&format!("wrong: {address}: ")), "{said}");
    drop(listener);
    let (ok, said) = place.check(&["--listen", &address]);
    assert!(ok, "{said}");
    let broken = place.program().args(["check", "--gateway", "nonsense", "--dir", "state"]).output().expect("it");
    assert!(!broken.status.success() && String::from_utf8_lossy(&broken.stdout).contains("--gateway must be https"));
}
