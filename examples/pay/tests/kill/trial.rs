//! One order, paid by a program that is killed.

use core::time::Duration;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::OrderId;
use pay_core::sale::{Record, Release};
use sandbox::{Request, Server};
use serde_json::Value;
use transport_std::FileJournal;

use super::super::limit::{self, LIMIT};

pub const METHODS: [&str; 5] = ["card", "card-otp", "upi-link", "upi-qrcode", "upi-collect"];

/// What is tried: all of it follows from the number.
#[derive(Debug)]
pub struct Trial {
    pub order_id: OrderId,
    pub method: &'static str,
    /// The till has the merchant's keys, too.
    pub keys: bool,
    pub release: Option<&'static str>,
    pub kill: Kill,
    /// Resuming is killed, too.
    pub kill_again: Option<Kill>,
}

/// When the program is killed.
#[derive(Clone, Copy, Debug)]
pub enum Kill {
    /// After so many microseconds.
    After(u64),
    /// When the journal's file was written to so often.
    Writes(u32),
    /// When the gateway has the attempt.
    Payment,
    /// When the gateway has the money.
    Charge,
}

/// What the trials of one journal and one sandbox share.
pub struct Worker<'s> {
    directory: PathBuf,
    server: &'s Server,
}

impl Trial {
    pub fn new(index: u32) -> Self {
        // splitmix64
        let mut state = u64::from(index).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut next = |below: u64| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (word ^ (word >> 31)) % below
        };
        let mut kill = || match next(8) {
            0..=1 => Kill::After(next(60_000)),
            2..=3 => Kill::After(next(400_000)),
            4..=5 => Kill::Writes(1 + u32::try_from(next(6)).unwrap()),
            6 => Kill::Payment,
            _ => Kill::Charge,
        };
        let (kill, again) = (kill(), kill());
        let keys = next(2) == 0;
        Self {
            order_id: OrderId::parse(&format!("order-{index}")).unwrap(),
            method: METHODS[usize::try_from(next(5)).unwrap()],
            keys,
            release: if keys {
                [None, None, Some("ok"), Some("fail")][usize::try_from(next(4)).unwrap()]
            } else {
                None
            },
            kill,
            kill_again: (next(4) == 0).then_some(again),
        }
    }
}

impl<'s> Worker<'s> {
    pub fn new(directory: &Path, server: &'s Server) -> Self {
        fs::write(directory.join("ca.der"), server.ca_der()).unwrap();
        let keys = serde_json::json!({"client_id": server.client_id(), "client_secret": server.client_secret()});
        fs::write(directory.join("keys.json"), keys.to_string()).unwrap();
        Self { directory: directory.to_owned(), server }
    }

    pub fn journal(&self) -> PathBuf {
        self.directory.join("till/journal.redb")
    }

    /// An order; gives its session.
    pub fn order(&self, trial: &Trial) -> String {
        let keys = [
            ("x-client-id", self.server.client_id()),
            ("x-client-secret", self.server.client_secret()),
            ("x-api-version", "2025-01-01"),
            ("content-type", "application/json"),
        ];
        let mut request = Request::new("POST", "/pg/orders");
        for (name, value) in keys {
            request = request.with_header(name, value);
        }
        let customer = serde_json::json!({"customer_id": "walk_in", "customer_phone": "9999999999"});
        let order_id = trial.order_id.as_str();
        let body = serde_json::json!({
            "order_id": order_id, "order_amount": 10.15, "order_currency": "INR", "customer_details": customer,
        });
        request.body = body.to_string().into_bytes();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let answer = self.server.gateway().handle(&request, u64::try_from(now).unwrap());
        let order: Value = serde_json::from_slice(&answer.body).unwrap();
        order["payment_session_id"].as_str().unwrap_or_else(|| panic!("{order}")).to_owned()
    }

    /// `false`: it had ended before.
    pub fn pay_and_kill(&self, trial: &Trial, session: &str) -> bool {
        let id = trial.order_id.as_str();
        let mut args = vec!["order", "pay", "--session", session, "--order-id", id, "--method", trial.method];
        // A till that never settles must not stop for that here.
        args.extend(["--amount", "10.15", "--otp-stdin", "--timeout", "3", "--max-unsettled", "100000"]);
        args.extend(["--max-unsettled-total", "100000000"]);
        if let Some(how) = trial.release {
            args.extend(["--release", how]);
        }
        let mut child = self.start(&args, trial.keys);
        let _ = child.stdin.take().unwrap().write_all(b"111000\n");
        self.kill(child, trial, trial.kill)
    }

    /// `false`: it had ended before.
    pub fn resume_and_kill(&self, trial: &Trial) -> bool {
        let child = self.start(&["journal", "resume", trial.order_id.as_str(), "--close-after", "1"], true);
        self.kill(child, trial, trial.kill_again.unwrap())
    }

    /// Resumes until the sale is settled, as an operator with keys would; the record, if there is one.
    pub fn bring_to_an_end(&self, trial: &Trial) -> Option<Record> {
        let id = trial.order_id.as_str();
        let resume = ["journal", "resume", id, "--close-after", "1", "--timeout", "60", "--json"];
        let (mut code, mut said) = self.finish(&resume);
        let mut journal = FileJournal::open(self.journal()).unwrap();
        let mut record = journal.find(&trial.order_id).unwrap();
        drop(journal);
        // A payment whose answer was cut off, on an order whose session came from elsewhere: whose it is a person says.
        if serde_json::from_str::<Value>(&said).is_ok_and(|told| told["outcome"] == "paid_unclear") {
            assert_eq!(code, 7, "{trial:?}: {said}");
            (code, said) = self.finish(&["journal", "attest", id, "--paid", "--timeout", "60", "--json"]);
            record = FileJournal::open(self.journal()).unwrap().find(&trial.order_id).unwrap();
        }
        // Nobody but an operator can say whether goods went out that were on their way, or hand out what is due.
        while let Some(Release::Due | Release::Unknown) = record.as_ref().map(|record| record.release) {
            assert_eq!(code, 7, "{trial:?}: {said}");
            let word = if trial.release == Some("ok") { "--yes" } else { "--no" };
            (code, said) = self.finish(&["journal", "release", id, word, "--timeout", "60", "--json"]);
            record = FileJournal::open(self.journal()).unwrap().find(&trial.order_id).unwrap();
        }
        let told: Value = serde_json::from_str(&said).unwrap_or(Value::Null);
        let expected = match &record {
            None => (1, &"error".into()),
            Some(_) => match told["outcome"].as_str() {
                Some("paid") => (0, &"paid".into()),
                Some("not_paid") => (2, &"not_paid".into()),
                Some("refunded") => (5, &"refunded".into()),
                _ => panic!("{trial:?}: {said}"),
            },
        };
        assert_eq!((code, &told["outcome"]), expected, "{trial:?}: {said}");
        record
    }

    fn start(&self, args: &[&str], keys: bool) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pay"));
        for name in ["CASHFREE_CLIENT_ID", "CASHFREE_CLIENT_SECRET", "CASHFREE_DEVICE_TOKEN"] {
            command.env_remove(name);
        }
        command.args(args).args(["--gateway", self.server.url(), "--ask-ms", "20", "--settle-ms", "50"]);
        command.arg("--ca").arg(self.directory.join("ca.der")).arg("--till").arg(self.directory.join("till"));
        if keys {
            command.arg("--keys").arg(self.directory.join("keys.json"));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs a command to its end.
    fn finish(&self, args: &[&str]) -> (i32, String) {
        let end = limit::finish(self.start(args, true));
        // Shown if the test fails.
        print!("{}", end.err);
        (end.status.code().unwrap(), end.out)
    }

    /// `false`: it had ended before.
    fn kill(&self, mut child: Child, trial: &Trial, kill: Kill) -> bool {
        let start = Instant::now();
        let (mut writes, mut head) = (0, self.head_of_journal());
        let mut is_due = || match kill {
            Kill::After(us) => start.elapsed() >= Duration::from_micros(us),
            Kill::Writes(count) => {
                let found = self.head_of_journal();
                if found != head {
                    (writes, head) = (writes + 1, found);
                }
                writes >= count
            }
            Kill::Payment => self.server.gateway().payments().iter().any(|it| it.order_id == trial.order_id.as_str()),
            Kill::Charge => self.server.gateway().charges(trial.order_id.as_str()).next().is_some(),
        };
        let killed = loop {
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            assert!(start.elapsed() < LIMIT, "no end: {trial:?}");
            if is_due() {
                // SIGKILL. It may just have ended by itself.
                child.kill().unwrap();
                break child.wait().unwrap().code().is_none();
            }
            thread::sleep(Duration::from_micros(200));
        };
        let mut rest = Vec::new();
        let _ = child.stdout.take().unwrap().read_to_end(&mut rest);
        killed
    }

    /// Where every commit leaves its mark.
    fn head_of_journal(&self) -> Vec<u8> {
        let mut head = vec![0; 320];
        match File::open(self.journal()).and_then(|mut file| file.read_exact(&mut head)) {
            Ok(()) => head,
            Err(_) => Vec::new(),
        }
    }
}
