//! Runs every example against the sandbox, as a user would.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use sandbox::{ApiVersion, Config, Hook, HookFamily, PaymentStatus, RefundStatus, Rules, Server};

/// A shop with an empty folder, and a gateway on this machine.
struct Shop {
    gateway: Server,
    folder: PathBuf,
}

impl Shop {
    fn open(name: &str, settle_after_ms: Option<u64>) -> Self {
        let gateway =
            Server::start(Config { rules: Rules { settle_after_ms, ..Rules::default() }, ..Config::default() })
                .unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("example-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("ca.pem"), gateway.ca_pem()).unwrap();
        Self { gateway, folder }
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Child {
        Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env("GATEWAY", self.gateway.url())
            .env("GATEWAY_CA", "ca.pem")
            .env("CASHFREE_CLIENT_ID", self.gateway.client_id())
            .env("CASHFREE_CLIENT_SECRET", self.gateway.client_secret())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it to its end; what it printed.
    fn run(&self, program: &str, arguments: &[&str], stdin: &str) -> String {
        let mut child = self.start(program, arguments);
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {text}");
        text
    }

    /// Payments that took money; refunds that brought it back.
    fn money(&self) -> (usize, usize) {
        let gateway = self.gateway.gateway();
        let paid = gateway.payments().iter().filter(|payment| payment.status == PaymentStatus::Success).count();
        let back = gateway.refunds().iter().filter(|refund| refund.status != RefundStatus::Cancelled).count();
        (paid, back)
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(120), "never {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Each fits on one page: lines that are not blank, a comment or an import. Meant to notice: an example that grows until nobody reads it.
#[test]
fn the_examples_stay_short() {
    for (text, most) in [(include_str!("../desktop.rs"), 40), (include_str!("../embassy.rs"), 120)] {
        let mut in_import = false;
        let code = text.lines().map(str::trim).filter(|line| {
            in_import |= line.starts_with("use ");
            let is_import = in_import;
            in_import &= !line.ends_with(';');
            !is_import && !line.is_empty() && !line.starts_with("//")
        });
        let count = code.count();
        assert!((most / 2..=most).contains(&count), "{count} lines of code, at most {most}");
    }
}

#[test]
fn desktop_sells_and_refunds() {
    let shop = Shop::open("desktop", Some(200));
    let text = shop.run(env!("CARGO_BIN_EXE_desktop"), &["refund"], "");
    assert!(text.contains("paid, hand out the goods") && text.contains("Paid {"), "{text}");
    assert_eq!(shop.money(), (1, 1), "{text}");
    assert!(fs::read(shop.folder.join("code.png")).unwrap().starts_with(b"\x89PNG"));
}

/// Killed while the code is shown; the shopper pays all the same. The next run sends that money back and sells anew, and so does
/// `resume` alone. Mutant: with `Unclaimed::Keep` the killed sale's money stays.
#[test]
fn desktop_survives_kill_9() {
    for next in [env!("CARGO_BIN_EXE_desktop"), env!("CARGO_BIN_EXE_resume")] {
        let shop = Shop::open("kill", None);
        let mut child = shop.start(env!("CARGO_BIN_EXE_desktop"), &[]);
        until("shown", || shop.folder.join("code.png").exists());
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = shop.gateway.gateway().payments()[0].id;
        assert!(shop.gateway.gateway().set_payment(killed, PaymentStatus::Success, shop.gateway.now()));
        shop.gateway.gateway().rules_mut().settle_after_ms = Some(200);
        let text = shop.run(next, &[], "");
        let gateway = shop.gateway.gateway();
        let goods = text.matches("hand out the goods").count();
        assert_eq!((gateway.payments().len(), gateway.refunds().len()), (goods + 1, 1), "{text}");
        assert_eq!(goods, usize::from(next == env!("CARGO_BIN_EXE_desktop")), "{text}");
        drop(gateway);
    }
}

/// The first thing that anybody meets: a certificate that is not trusted, and wrong keys. Meant to notice: `()` in place of `Log`; one
/// sentence for every end of a sale.
#[test]
fn what_goes_wrong_is_said() {
    let shop = Shop::open("wrong", Some(200));
    let other = Server::start(Config::default()).unwrap();
    let said = |url: &str, id: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_desktop"));
        command.current_dir(&shop.folder).env("GATEWAY", url).env("GATEWAY_CA", "ca.pem");
        command.env("CASHFREE_CLIENT_ID", id).env("CASHFREE_CLIENT_SECRET", "not_the_secret");
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let untrusted = said(other.url(), "somebody");
    assert!(untrusted.contains("CreateOrder") && untrusted.contains("not trusted"), "{untrusted}");
    let refused = said(shop.gateway.url(), "somebody");
    assert!(refused.contains("CreateOrder: Ok(401)") && refused.contains("status: 401"), "{refused}");
    assert_eq!(shop.money(), (0, 0));
}

#[test]
fn otp_is_asked_for_again_when_it_was_wrong() {
    let shop = Shop::open("otp", None);
    let card = sandbox::CARDS.iter().find(|card| card.native_otp()).unwrap();
    let text = shop.run(env!("CARGO_BIN_EXE_otp"), &[card.number], &format!("000000\n{}\n", sandbox::OTP));
    assert!(text.contains("That was wrong.") && text.contains("hand out the goods"), "{text}");
    assert_eq!(shop.money(), (1, 0), "{text}");
}

#[test]
fn refund_is_made_once_for_each_name() {
    let shop = Shop::open("refund", Some(200));
    shop.run(env!("CARGO_BIN_EXE_desktop"), &[], "");
    let id = shop.gateway.gateway().orders().next().unwrap().id.clone();
    let refund = |paise, name| shop.run(env!("CARGO_BIN_EXE_refund"), &[&id, paise, name], "");
    let (first, again) = (refund("500", "return-1"), refund("500", "return-1"));
    assert_eq!(first.split(' ').next(), again.split(' ').next());
    assert_eq!(shop.money(), (1, 1));
    refund("515", "return-2");
    assert_eq!(shop.money(), (1, 2));
}

#[test]
fn tokio_sells() {
    let shop = Shop::open("tokio", None);
    let mut child = shop.start(env!("CARGO_BIN_EXE_tokio_till"), &[]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("draw this as a QR: upi://"));
    let shown = shop.gateway.gateway().payments()[0].id;
    assert!(shop.gateway.gateway().set_payment(shown, PaymentStatus::Success, shop.gateway.now()));
    let rest: Vec<String> = lines.collect();
    assert!(rest[0].ends_with("paid, hand out the goods") && rest[1].starts_with("Paid"), "{rest:?}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_webhook_is_kept_before_it_is_taken() {
    let shop = Shop::open("webhook", None);
    let mut child = shop.start(env!("CARGO_BIN_EXE_axum_webhook"), &["127.0.0.1:0", "events"]);
    let url = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
    shop.gateway.send_webhooks(&url, hook).unwrap();
    let other = Shop { gateway: Server::start(Config::default()).unwrap(), folder: shop.folder.clone() };
    other.gateway.send_webhooks(&url, hook).unwrap();
    for shop in [&other, &shop] {
        shop.gateway.gateway().rules_mut().settle_after_ms = Some(100);
        let _ = fs::remove_dir_all(shop.folder.join("till"));
        fs::write(shop.folder.join("ca.pem"), shop.gateway.ca_pem()).unwrap();
        shop.run(env!("CARGO_BIN_EXE_desktop"), &[], "");
    }
    let id = shop.gateway.gateway().orders().next().unwrap().id.clone();
    let mut events = String::new();
    until("kept", || {
        events = fs::read_to_string(shop.folder.join("events")).unwrap();
        events.contains('\n')
    });
    // The other gateway signs with another secret: nothing of it is kept.
    assert!(events.contains(&id) && events.lines().count() == 1, "{events}");
    child.kill().unwrap();
    child.wait().unwrap();
}
