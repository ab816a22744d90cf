//! The command line: what it takes, what it refuses, and the page that it writes.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use kiosk::{Config, Means, Order, Sale, Task};

/// A directory with the files that the command lines name.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("kiosk-line-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("ca.der"), include_bytes!("ca.der")).unwrap();
        std::fs::write(dir.join("token"), " token-1\n").unwrap();
        std::fs::write(dir.join("secret"), [9; 32]).unwrap();
        Self(dir)
    }

    fn kiosk(&self, words: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiosk"));
        command.current_dir(&self.0).args(words.split_whitespace()).stdin(Stdio::null()).output().unwrap()
    }

    /// The exit code, and the first line of what is said.
    fn refused(&self, words: &str) -> (Option<i32>, String) {
        let output = self.kiosk(words);
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said.lines().next().unwrap_or_default().to_owned())
    }

    fn page(&self) -> Vec<u8> {
        std::fs::read(self.0.join("page.bin")).unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const GATEWAY: &str = "--connect 127.0.0.1:8443 --server-name localhost --ca ca.der";
const BACKEND: &str = "--status-connect b:1 --status-server-name b --status-ca ca.der --device-token-file token";
const SESSION: &str = "--session s --order-id abc --amount 10.15";

/// Meant to notice: `requires` taken out of an option; a value shown; another exit code.
#[test]
fn refuses_what_cannot_be_done() {
    let dir = Dir::new("refuses");
    for (words, said) in [
        ("", "missing: --connect"),
        (GATEWAY, "missing: --session, or --status-connect"),
        (&format!("{GATEWAY} --session s"), "missing: --order-id <ID>"),
        (&format!("{GATEWAY} --session s --order-id abc"), "missing: --amount"),
        (
            &format!("{GATEWAY} --resume"),
            "missing: --status-server-name <NAME>, --status-ca <FILE>, --status-connect <HOST:PORT>",
        ),
        (&format!("{GATEWAY} --status-connect b:1"), "missing: --status-server-name <NAME>, --status-ca <FILE>"),
        (
            &format!("{GATEWAY} --status-connect b:1 --status-server-name b --status-ca ca.der --amount 1"),
            "missing: --device-token-file",
        ),
        (&format!("{GATEWAY} {SESSION} --flash f"), "missing: --secret-file <FILE>"),
        (&format!("{GATEWAY} {SESSION} --method card"), "missing: --card <FILE>"),
        (&format!("{GATEWAY} {SESSION} --method cash"), "--method: should be one of upi-qrcode, upi-link, card"),
        (&format!("{GATEWAY} {SESSION} --vend maybe"), "--vend: should be one of ok, fail"),
        (&format!("{GATEWAY} {SESSION} --session t"), "--session: given twice"),
        (&format!("{GATEWAY} --session"), "--session: has no value"),
        (&format!("{GATEWAY} --sesion=s3cret"), "there is no option --sesion"),
        (&format!("{GATEWAY} s3cret"), "there is a word too many"),
        (&format!("{GATEWAY} {SESSION} --repeat 70000"), "--repeat: number too large to fit in target type"),
        (&format!("{GATEWAY} --order-id abc --amount 1.001"), "--amount: amount: does not have the form of this field"),
        ("--connect localhost --probe", "--connect: should be HOST:PORT"),
        ("--connect h:0 --probe", "--connect: should be HOST:PORT, the port from 1 to 65535"),
        (&GATEWAY.replace("127.0.0.1", "a_b"), "missing: --session, or --status-connect"),
        (
            &format!("{} --probe", GATEWAY.replace("127.0.0.1", "a_b")),
            "--connect: should be a DNS name or an IPv4 address",
        ),
        (&format!("provision --out p {GATEWAY} s3cret"), "there is a word too many"),
        (&format!("{GATEWAY} --S3CRET"), "there is a word too many"),
        (&format!("provision {GATEWAY} {SESSION}"), "missing: --out <FILE>"),
        (&format!("provision --out page.bin {GATEWAY} {SESSION} --card c"), "there is no option --card"),
    ] {
        assert_eq!(dir.refused(words), (Some(64), format!("error: {said}")), "{words}");
    }
}

/// Meant to notice: a bad file called wrong usage.
#[test]
fn a_bad_file_is_a_local_error() {
    let dir = Dir::new("files");
    std::fs::write(dir.0.join("bad"), "a b").unwrap();
    for (words, said) in [
        (format!("{} --probe", GATEWAY.replace("ca.der", "bad")), "--ca: should be one certificate in DER"),
        (
            format!("{GATEWAY} {} --amount 1", BACKEND.replace("token-file token", "token-file bad")),
            "--device-token-file: should be 1 to 256 visible ASCII characters",
        ),
        (format!("{GATEWAY} {SESSION} --secret-file bad"), "--secret-file: the file does not have 32 bytes"),
        (
            format!("{} --probe", GATEWAY.replace("ca.der", "none")),
            "--ca: cannot read the file: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(dir.refused(&words), (Some(1), format!("error: {said}")), "{words}");
    }
}

/// Meant to notice: an option that goes into another field; a token with its line's end; a page over another.
#[test]
fn provision_writes_what_it_was_told() {
    let dir = Dir::new("provision");
    let line = format!(
        "provision --out page.bin {GATEWAY} {BACKEND} --order-id abc --amount 10.15 --method upi-link --direct \
         --patience 60 --repeat 3 --secret-file secret --max-open 2 --max-total 20.30 --max-age 5"
    );
    let output = dir.kiosk(&line);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = dir.page();
    let config = Config::read(&page).unwrap();
    let settings = config.settings();
    assert_eq!(
        (settings.gateway.host, settings.gateway.port.get(), settings.gateway.name),
        ("127.0.0.1", 8443, "localhost")
    );
    assert_eq!((settings.gateway.ca, settings.secret), (&include_bytes!("ca.der")[..], &[9; 32]));
    let limits = settings.limits;
    assert_eq!((settings.patience_s.get(), limits.open, limits.total_minor, limits.oldest_s), (60, 2, 2030, 5));
    let Task::Sell(Sale { order: Order::New { backend, id: Some(id) }, amount, means, repeat }) = &settings.task else {
        panic!("another task");
    };
    assert_eq!((backend.server.host, backend.server.port.get(), backend.server.name), ("b", 1, "b"));
    assert_eq!((backend.token, backend.direct, id.as_str()), ("token-1", true, "abc"));
    assert_eq!((amount.minor(), *means, repeat.get()), (1015, Means::UpiLink, 3));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&dir.0.join("page.bin").metadata().unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(dir.refused(&line).0, Some(1));
    assert_eq!(dir.page(), page);
}

/// Meant to notice: one secret for two boards.
#[test]
fn each_page_has_a_secret_of_its_own() {
    let dir = Dir::new("secret");
    let secrets = [0, 1].map(|_| {
        let output = dir.kiosk(&format!("provision --out page.bin {GATEWAY} {BACKEND} --amount 1"));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let page = dir.page();
        std::fs::remove_file(dir.0.join("page.bin")).unwrap();
        *Config::read(&page).unwrap().settings().secret
    });
    assert_ne!(secrets[0], secrets[1]);
}
