//! The page in a board's flash: any config comes back from its page, and whatever else is there is refused.

use std::num::{NonZeroU16, NonZeroU32};

use kiosk::{Backend, Config, ConfigError, Means, Order, Sale, Server, Settings, Task};
use pay_core::sale::Limits;
use pay_core::{Amount, OrderId};
use proptest::prelude::*;

const CA: &[u8] = include_bytes!("ca.der");

/// The owned parts of settings.
#[derive(Clone, Debug)]
struct Drawn {
    hosts: [String; 2],
    ports: [NonZeroU16; 2],
    names: [String; 2],
    token: String,
    session: String,
    id: Option<String>,
    secret: [u8; 32],
    numbers: (NonZeroU32, u32, u64, u64, u64, NonZeroU16),
    kind: u8,
    means: Means,
    direct: bool,
}

impl Drawn {
    fn config(&self) -> Config<'_> {
        let server = |at: usize| Server { host: &self.hosts[at], port: self.ports[at], name: &self.names[at], ca: CA };
        let backend = Backend { server: server(1), token: &self.token, direct: self.direct };
        let id = self.id.as_deref().map(|id| OrderId::parse(id).unwrap());
        let existing =
            |backend| Order::Existing { id: OrderId::parse("order-1").unwrap(), session: &self.session, backend };
        let (patience_s, open, total_minor, oldest_s, minor, repeat) = self.numbers;
        let sell =
            |order| Task::Sell(Sale { order, amount: Amount::from_minor(minor).unwrap(), means: self.means, repeat });
        let task = match self.kind {
            0 => Task::Probe,
            1 => Task::Resume(backend),
            2 => sell(Order::New { backend, id }),
            3 => sell(existing(None)),
            _ => sell(existing(Some(backend))),
        };
        let limits = Limits { open, total_minor, oldest_s };
        Config::new(Settings { gateway: server(0), secret: &self.secret, patience_s, limits, task }).unwrap()
    }

    fn page(&self) -> Vec<u8> {
        let mut page = vec![0; Config::PAGE_MAX];
        let length = self.config().write(&mut page).unwrap();
        page.truncate(length);
        page
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let pair = |text: &'static str| [text, text];
    let numbers = (
        (1..=u32::MAX).prop_map(|n| NonZeroU32::new(n).unwrap()),
        any::<u32>(),
        any::<u64>(),
        any::<u64>(),
        1..1_000_000_u64,
        (1..=u16::MAX).prop_map(|n| NonZeroU16::new(n).unwrap()),
    );
    let port = || (1..=u16::MAX).prop_map(|n| NonZeroU16::new(n).unwrap());
    let means = prop_oneof![Just(Means::UpiQrCode), Just(Means::UpiLink), Just(Means::Card)];
    let texts = (pair("[a-z0-9.-]{1,60}"), pair("[a-z0-9.-]{1,60}"), "[!-~]{1,256}", "[a-z0-9_]{1,200}");
    let id = proptest::option::of("[a-z0-9]{3,45}");
    (texts, [port(), port()], id, any::<[u8; 32]>(), numbers, (0..5_u8, means, any::<bool>())).prop_map(
        |((hosts, names, token, session), ports, id, secret, numbers, (kind, means, direct))| Drawn {
            hosts,
            ports,
            names,
            token,
            session,
            id,
            secret,
            numbers,
            kind,
            means,
            direct,
        },
    )
}

/// What is read is written with the same bytes, whatever they are.
fn one_page_only(bytes: &[u8]) {
    if let Ok(config) = Config::read(bytes) {
        let mut again = vec![0; bytes.len()];
        let length = config.write(&mut again).expect("it was read from so many bytes");
        assert_eq!(again[..length], bytes[..length]);
    }
}

/// With a right length and checksum, so that the body is read.
fn sealed(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    let mut page = [&Config::MAGIC[..], &Config::VERSION.to_le_bytes(), &length.to_le_bytes(), body].concat();
    page.extend(crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&page).to_le_bytes());
    page
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Meant to notice: two texts exchanged in `settings`, `server` or `backend`; a number's higher byte first; the checksum not looked at;
    /// a cut page read (or a panic there).
    #[test]
    fn a_config_comes_back_and_a_damaged_page_does_not(drawn in drawn(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let page = drawn.page();
        let mut flash = page.clone();
        flash.extend([0xFF; 64]);
        prop_assert!(Config::read(&flash).unwrap().settings() == drawn.config().settings());
        prop_assert!(drawn.config().write(&mut vec![0; page.len() - 1]).is_none());
        let at = at.index(page.len());
        prop_assert!(Config::read(&page[..at]).is_err());
        flash[at] ^= 1_u8 << bit;
        prop_assert!(Config::read(&flash).is_err());
    }

    /// Meant to notice: bytes behind the last value let pass.
    #[test]
    fn any_body_is_refused_or_written_again(drawn in drawn(), cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte: u8, more in prop::collection::vec(any::<u8>(), 0..4)) {
        let page = drawn.page();
        let mut body = page[12..page.len() - 4].to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        one_page_only(&sealed(&body));
        prop_assert!(Config::read(&sealed(&[&page[12..page.len() - 4], &more].concat())).is_err() || more.is_empty());
        body.truncate(cut.index(body.len()));
        body.extend(more);
        one_page_only(&sealed(&body));
    }

    #[test]
    fn any_bytes_are_refused_or_written_again(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        one_page_only(&bytes);
        one_page_only(&sealed(&bytes));
    }
}

/// Each byte of a body of each kind, changed. Meant to notice: `_ => true` for a byte that is no bool; an empty id read as none.
#[test]
fn each_byte_has_one_meaning() {
    for kind in 0..5 {
        let drawn = Drawn {
            hosts: ["a", "b"].map(String::from),
            ports: [NonZeroU16::MIN; 2],
            names: ["c", "d"].map(String::from),
            token: "t".into(),
            session: "s".into(),
            id: Some("order".into()),
            secret: [0; 32],
            numbers: (NonZeroU32::MIN, 0, 0, 0, 1, NonZeroU16::MIN),
            kind,
            means: Means::UpiLink,
            direct: true,
        };
        let page = drawn.page();
        let body = &page[12..page.len() - 4];
        assert_eq!(sealed(body), page);
        for at in 0..body.len() {
            for byte in [0, 1, 2, 3, 4, 0xFF] {
                let mut body = body.to_vec();
                body[at] = byte;
                one_page_only(&sealed(&body));
            }
        }
    }
}

/// Meant to notice: the version not looked at; a page of the old form called damaged.
#[test]
fn says_why_there_is_no_config() {
    let body = |version: u16| [&Config::MAGIC[..], &version.to_le_bytes(), &[0; 6]].concat();
    for (bytes, error, text) in [
        (vec![0xFF; 64], ConfigError::Missing, "there is no page: write one by kiosk provision"),
        (vec![], ConfigError::Missing, "there is no page: write one by kiosk provision"),
        (
            b"kiosk/1\n\x05\0--a b".to_vec(),
            ConfigError::Version(0),
            "the page has a command line, which is no longer read: write it anew by kiosk provision",
        ),
        (
            body(2),
            ConfigError::Version(2),
            "the page is of version 2, this program reads 1: write it anew by kiosk provision",
        ),
        (body(1), ConfigError::Damaged, "the page is damaged: write it anew by kiosk provision"),
        (sealed(&[]), ConfigError::Form, "the page was not written by kiosk provision"),
        (sealed(&[0; Config::PAGE_MAX]), ConfigError::TooLong, "over 6144 bytes: give shorter certificates"),
    ] {
        let found = Config::read(&bytes).unwrap_err();
        assert_eq!((found, found.to_string().as_str()), (error, text));
    }
}

/// Meant to notice: the length not looked at by `Config::new`, so that a board is told of it, not who sets it up.
#[test]
fn what_does_not_fit_is_no_config() {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4], vec![0; 5600])];
    let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let server = |host| Server { host, port: NonZeroU16::MIN, name: "name", ca: certificate.der() };
    let settings = |host| Settings {
        gateway: server(host),
        secret: &[0; 32],
        patience_s: NonZeroU32::MIN,
        limits: kiosk::LIMITS,
        task: Task::Probe,
    };
    let used = Config::new(settings("h")).map(|config| config.write(&mut [0; Config::PAGE_MAX]).unwrap()).unwrap();
    let longest = "h".repeat(Config::PAGE_MAX - used + 1);
    assert_eq!(
        Config::new(settings(&longest)).map(|config| config.write(&mut [0; Config::PAGE_MAX])).unwrap(),
        Some(Config::PAGE_MAX)
    );
    assert_eq!(Config::new(settings(&format!("{longest}h"))).err(), Some(ConfigError::TooLong));
}
