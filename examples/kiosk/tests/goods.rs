//! The program against a sandbox and a backend: what becomes of the goods, and of the money for goods that stay.

use core::time::Duration;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use pay_core::model::{DeviceSecret, Environment, IdempotencyKey, Operation, OrderId};
use pay_core::wire::{Auth, Endpoint};
use sandbox::Rules;

/// A gateway whose attempts succeed at once, a backend, and a device's files.
struct Shop {
    gateway: sandbox::Server,
    backend: Option<backend::Server>,
    config: backend::Config,
    dir: PathBuf,
}

impl Shop {
    fn open(name: &str) -> Self {
        Self::with(Rules { settle_after_ms: Some(1), ..Rules::default() }, name)
    }

    fn with(rules: Rules, name: &str) -> Self {
        let gateway = sandbox::Server::start(sandbox::Config { rules, ..Default::default() }).unwrap();
        let dir = std::env::temp_dir().join(format!("kiosk-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("token"), backend::add_token(&dir, "kiosk").unwrap().as_bytes()).unwrap();
        std::fs::write(dir.join("ca.der"), gateway.ca_der()).unwrap();
        let auth = Auth::merchant(gateway.client_id(), gateway.client_secret()).unwrap();
        let endpoint = Endpoint::parse(gateway.url(), auth).unwrap();
        let roots = transport_std::Roots::from_der([gateway.ca_der()]).unwrap();
        let mut config = backend::Config::new(endpoint, transport_std::Config::new().with_roots(roots), &dir);
        config.first_look = Duration::from_millis(10);
        let backend = Some(backend::Server::start(config.clone()).unwrap());
        Self { gateway, backend, config, dir }
    }

    /// Sells the order by a UPI link.
    fn sell(&self, order: &str, more: &str) -> Sold {
        let output = self.command(order, more).output().expect("the program");
        Sold(output)
    }

    /// The program that sells the order by a UPI link.
    fn command(&self, order: &str, more: &str) -> Command {
        let port = |url: &str| url.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
        let path = |name: &str| self.dir.join(name).to_str().unwrap().to_owned();
        let backend = self.backend.as_ref().unwrap();
        let words = format!(
            "--connect 127.0.0.1:{} --server-name localhost --ca {} --status-connect 127.0.0.1:{} \
             --status-server-name localhost --status-ca {} --device-token-file {} --amount 10.15 --order-id {order} \
             --method upi-link {more}",
            port(self.gateway.url()),
            path("ca.der"),
            port(backend.url()),
            path("backend-ca.der"),
            path("token"),
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiosk"));
        command.args(words.split_whitespace()).stdin(Stdio::null());
        command
    }

    /// How often money was taken for this order, and the refunds of it.
    fn books(&self, order: &str) -> (usize, Vec<String>) {
        let gateway = self.gateway.gateway();
        let refunds = gateway.refunds().iter().filter(|refund| refund.order_id == order);
        (gateway.charges(order).count(), refunds.map(|refund| refund.id.clone()).collect())
    }

    /// Waits for the backend's refund; a minute is for a loaded machine.
    fn refunded(&self, order: &str) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(60);
        while self.books(order).1.is_empty() {
            assert!(Instant::now() < end, "no refund of {order}");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.books(order).1
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.backend = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

struct Sold(Output);

impl Sold {
    fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.stdout.clone()).unwrap();
        text.lines().map(String::from).collect()
    }

    /// What the shopper saw.
    fn screen(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Where the lines with this text are.
    fn lines_of(&self, text: &str) -> Vec<usize> {
        let lines = self.lines().into_iter().enumerate();
        lines.filter(|(_, line)| line.contains(text)).map(|(at, _)| at).collect()
    }

    /// Where the first line with this text is.
    #[track_caller]
    fn line(&self, text: &str) -> usize {
        self.lines().iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {:?}", self.lines()))
    }
}

/// The README's picture shows what the screen says today; `cargo xtask picture` records it anew. Meant to notice: a text of the screen
/// that was changed, the picture left as it was.
#[test]
fn the_picture_shows_the_screen() {
    let picture = include_str!("../../../docs/demo.svg");
    let texts = picture.split("<text class=\"kiosk\"").skip(1).filter_map(|text| text.split(['>', '<']).nth(1));
    let sold = Shop::open("picture").sell("order-1", "");
    let screen = sold.screen();
    let said = screen.lines().filter(|line| !line.trim().is_empty() && !line.contains('█'));
    assert_eq!(texts.collect::<Vec<_>>(), said.collect::<Vec<_>>());
}

/// Meant to notice: `Goods::Out` and `Goods::Inside` exchanged; `policy.refunds` left at `ByCaller`.
#[test]
fn goods_that_are_out_stay_paid() {
    let shop = Shop::open("out");
    let sold = shop.sell("out-1", "");
    assert_eq!(sold.code(), Some(0), "{:?}", sold.lines());
    let release = sold.line(r#""event":"release","#);
    let released = sold.line(r#""event":"released","out":true"#);
    // The right to hand out comes before, the report after.
    let reports: Vec<_> = sold.lines_of(r#""status","call":"ReportRelease","status":200"#);
    let [claimed, told] = reports[..] else { panic!("{:?}", sold.lines()) };
    assert!(claimed < release && release < released && released < told);
    assert!(told < sold.line(r#""done","outcome":"paid""#));
    // What the backend owes for another order is done after this one was looked at.
    assert_eq!(shop.sell("out-2", "--vend fail").code(), Some(5));
    assert_eq!(shop.refunded("out-2").len(), 1);
    assert_eq!(shop.books("out-1"), (1, vec![]));
}

/// Mutants seen red: `policy.release` left off (the goods are not followed); `Pretend { works: true }` for the argument.
#[test]
fn goods_that_stay_inside_are_refunded_once() {
    let mut shop = Shop::open("inside");
    let sold = shop.sell("in-1", "--vend fail");
    assert_eq!(sold.code(), Some(5), "{:?}", sold.lines());
    // S1: it said "Not paid" while the money went back.
    assert!(sold.screen().ends_with("Your money is being returned\n"), "{}", sold.screen());
    assert!(!sold.screen().contains("Not paid"), "{}", sold.screen());
    sold.line(r#""event":"released","out":false"#);
    sold.line(r#""done","outcome":"refund due""#);
    let once = shop.refunded("in-1");
    assert_eq!(once.len(), 1);
    // The backend starts anew and is told again by another run of the kiosk: the same refund, no second one.
    shop.backend = None;
    shop.backend = Some(backend::Server::start(shop.config.clone()).unwrap());
    let again = shop.sell("in-1", "--vend fail");
    assert_ne!(again.code(), Some(0), "{:?}", again.lines());
    assert_eq!(shop.sell("in-2", "--vend fail").code(), Some(5));
    shop.refunded("in-2");
    assert_eq!(shop.books("in-1"), (1, once));
}

/// M9. The flash fails while the code is out, and the code stays payable. Meant to notice: exit 1, "nothing that could charge was sent",
/// and the order left open.
#[test]
fn a_flash_that_fails_while_the_code_is_out_is_no_local_error() {
    let shop = Shop::with(Rules::default(), "flash");
    let (flash, secret) = (shop.dir.join("flash"), shop.dir.join("secret"));
    let more = format!("--flash {} --secret-file {} --patience 4", flash.display(), secret.display());
    let mut child = shop.command("flash-1", &more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said: Vec<String> = lines.by_ref().take_while(|line| !line.contains(r#""event":"shown""#)).collect();
    // Whatever it reads or writes now fails.
    std::fs::OpenOptions::new().write(true).open(&flash).unwrap().set_len(0).unwrap();
    said.extend(lines);
    let output = child.wait_with_output().unwrap();
    assert!(said.iter().any(|line| line.contains(r#""event":"journal""#)), "{said:#?}");
    assert!(matches!(output.status.code(), Some(3 | 4)), "{:?}: {said:#?}", output.status);
    let screen = String::from_utf8(output.stderr).unwrap();
    assert!(screen.ends_with("Please ask the staff\n"), "{screen}");
    let gateway = shop.gateway.gateway();
    let status = gateway.orders().find(|order| order.id == "flash-1").map(|order| order.status.as_str().to_owned());
    assert!(status.as_deref().is_some_and(|status| status.starts_with("TERMINAT")), "{status:?}: {said:#?}");
}

/// M16. Meant to notice a secret that is made anew for each run.
#[test]
fn the_key_of_a_payment_comes_from_the_device() {
    let shop = Shop::open("key");
    let (flash, secret) = (shop.dir.join("flash"), shop.dir.join("secret"));
    std::fs::write(&secret, [7; 32]).unwrap();
    let sold = shop.sell("key-1", &format!("--flash {} --secret-file {}", flash.display(), secret.display()));
    assert_eq!(sold.code(), Some(0), "{:?}", sold.lines());
    let (secret, order) = (DeviceSecret::new([7; 32]), OrderId::parse("key-1").unwrap());
    let key = IdempotencyKey::derive(&secret, Operation::OrderPay, Environment::Sandbox, &order, 0, 0);
    let kept = std::fs::read(&flash).unwrap();
    assert!(kept.windows(36).any(|bytes| bytes == key.as_str().as_bytes()), "the journal has another key");
}
