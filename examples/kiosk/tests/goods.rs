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
        self.sell_by("upi-link", order, more)
    }

    fn sell_by(&self, method: &str, order: &str, more: &str) -> Sold {
        Sold(self.command_by(method, order, more).output().expect("the program"))
    }

    /// The program that sells the order by a UPI link.
    fn command(&self, order: &str, more: &str) -> Command {
        self.command_by("upi-link", order, more)
    }

    fn command_by(&self, method: &str, order: &str, more: &str) -> Command {
        let port = |url: &str| url.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
        let path = |name: &str| self.dir.join(name).to_str().unwrap().to_owned();
        let backend = self.backend.as_ref().unwrap();
        let words = format!(
            "--connect 127.0.0.1:{} --server-name localhost --ca {} --status-connect 127.0.0.1:{} \
             --status-server-name localhost --status-ca {} --device-token-file {} --amount 10.15 --order-id {order} \
             --method {method} {more}",
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

    /// The files in this folder, each with the number after the one before.
    fn pictures(dir: &std::path::Path) -> Vec<Vec<u8>> {
        let count = std::fs::read_dir(dir).unwrap().count();
        (1..=count).map(|number| std::fs::read(dir.join(format!("{number:04}.png"))).unwrap()).collect()
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

/// The till closes the order then, so nobody may scan it any more. Meant to notice: a code that is left on the screen
/// (`kiosk-code-outlives-its-time`, `kiosk-no-clock-beside-an-exchange`).
#[test]
fn a_code_goes_when_its_time_is_over() {
    let shop = Shop::with(Rules::default(), "time");
    let pictures = shop.dir.join("pictures");
    let sold = shop.sell("time-1", &format!("--patience 3 --screen-dir {}", pictures.display()));
    let screen = sold.screen();
    let said: Vec<_> = screen.lines().filter(|line| !line.contains('█')).collect();
    assert_eq!(said[..3], ["One moment", "Scan to pay 10.15", "Waiting for your bank"], "{screen}");
    let files = Shop::pictures(&pictures);
    let read: Vec<_> = files.iter().map(|file| code_in(file)).collect();
    // A moment; the code with three, two and one seconds left; no code any more.
    assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>()[..5], [false, true, true, true, false], "{read:?}");
    assert!(read[5..].iter().all(Option::is_none), "{read:?}");
}

/// Meant to notice: a picture over one of an earlier run; the same picture written twice; a code that says something else.
#[test]
fn pictures_follow_those_that_are_there() {
    let shop = Shop::open("pictures");
    let pictures = shop.dir.join("pictures");
    let more = format!("--screen-dir {} --screen-size 480x320 --screen-mono", pictures.display());
    assert_eq!(shop.sell("pictures-1", &more).code(), Some(0));
    let first = Shop::pictures(&pictures);
    let links: Vec<_> = first.iter().filter_map(|file| code_in(file)).collect();
    assert!(links.iter().all(|link| link.starts_with("upi://pay?") && link.contains("am=10.15")), "{links:?}");
    assert!(!links.is_empty() && first.windows(2).all(|two| two[0] != two[1]));
    let paid = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/480x320-mono/say-Paid.png")).unwrap();
    assert_eq!(first.last(), Some(&paid));
    assert_eq!(shop.sell("pictures-2", &more).code(), Some(0));
    let both = Shop::pictures(&pictures);
    assert!(both.len() > first.len() && both[..first.len()] == first[..]);
    // The gateway's image cannot be shown on it.
    let refused = shop.sell_by("upi-qrcode", "pictures-3", &more);
    assert_eq!(refused.code(), Some(64));
    assert!(refused.screen().starts_with("error: --screen-dir: draws no image of a code"), "{}", refused.screen());
    assert_eq!(Shop::pictures(&pictures).len(), both.len());
}

/// On a real X server without a monitor (Debian's `xvfb`), as large as the window. Meant to notice: a window that is not opened, is gone before its last picture can
/// be read, has other pictures or colours than a display, or is needed for the sale.
#[test]
fn a_window_shows_what_a_display_would() {
    let shop = Shop::open("window");
    let memory = shop.dir.join("x");
    std::fs::create_dir_all(&memory).unwrap();
    let mut server = Command::new("Xvfb");
    server
        .args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-terminate", "-fbdir"])
        .arg(&memory);
    let server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut server = server.expect("Xvfb: on Debian, as root: apt-get install xvfb");
    let mut number = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
    let display = format!(":{}", number.trim());

    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/320x240-colour/say-Paid.png");
    let (paid, width) = dots(&std::fs::read(golden).unwrap());
    let mut child =
        shop.command("window-1", "--window").env("DISPLAY", &display).stdout(Stdio::null()).spawn().unwrap();
    let is_shown = || {
        let screen = std::fs::read(memory.join("Xvfb_screen0")).unwrap();
        shows(&screen, &paid, width)
    };
    let mut was_shown = false;
    let status = loop {
        was_shown = was_shown || is_shown();
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let _ = (server.kill(), server.wait());
    assert_eq!((status.code(), was_shown), (Some(0), true));

    // The X server is gone.
    let refused = shop.command("window-2", "--window").env("DISPLAY", &display).output().map(Sold).unwrap();
    assert_eq!(refused.code(), Some(1));
    assert!(refused.screen().starts_with("error: --window: this desktop opens none"), "{}", refused.screen());
}

/// Whether the X server's screen, as `Xvfb -fbdir` keeps it (X11's window dump), has this picture, two by two.
fn shows(screen: &[u8], picture: &[[u8; 3]], width: usize) -> bool {
    let word = |n: usize| u32::from_be_bytes(screen[n * 4..n * 4 + 4].try_into().unwrap()) as usize;
    // The header's length, the bytes of a line and the number of colours, twelve bytes each.
    let (header, line, colours) = (word(0), word(12), word(19));
    let pixel = |x: usize, y: usize| &screen[header + colours * 12 + y * line + x * 4..][..3];
    picture.iter().enumerate().all(|(n, [red, green, blue])| {
        let (x, y) = (n % width * 2, n / width * 2);
        [(0, 0), (1, 1)].iter().all(|(right, down)| pixel(x + right, y + down) == [*blue, *green, *red])
    })
}

/// The pixels of a PNG, and how many a row has.
fn dots(png: &[u8]) -> (Vec<[u8; 3]>, usize) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut dots).unwrap();
    (dots.as_chunks().0.to_vec(), frame.width as usize)
}

/// What a reader finds on a picture.
fn code_in(png: &[u8]) -> Option<String> {
    let (dots, width) = dots(png);
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, dots.len() / width, |x, y| dots[y * width + x][1]);
    image.detect_grids().first().map(|grid| grid.decode().unwrap().1)
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
