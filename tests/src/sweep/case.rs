//! What is swept: a story, a way to pay, a way to ask, a flash, and the values of this run.

use core::fmt;

use pay_core::model::method::{Card, CardExpiry, CardNumber, Collect, Cvv, PlainCard, Upi};
use pay_core::model::{OrderPay, PaymentSessionId, Vpa};
use pay_core::sale::AfterCut;

use super::story::{STORIES, Story};

/// One payment as it goes when nothing is cut: the trunk that faults branch off.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What the shopper, the kiosk and the gateway do.
    pub story: &'static Story,
    /// The first attempt's method.
    pub method: Method,
    /// Who holds the merchant's keys.
    pub mode: Mode,
    /// Bytes that the flash programs at once: 1, 2, 4, 8, 16 or 32.
    pub word: usize,
    /// Makes ids, amounts, keys, off times and torn bits.
    pub seed: u32,
}

/// How the first attempt pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A code on the screen: charges nobody unless it is seen.
    Qr,
    /// A link: the same, with a short answer.
    Link,
    /// A card on the bank's page: may charge without anybody acting here.
    Card,
    /// A card whose OTP is entered here.
    Otp,
    /// A collect request, approved on the shopper's phone.
    Collect,
}

/// Who holds the merchant's keys, and so which questions can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A till with keys: keys are honoured on every call, refunds are its own.
    Keys,
    /// A kiosk: pays with the session alone (keys ignored there), asks its backend.
    Kiosk,
    /// A terminal with a session and nothing else: keys ignored, nobody to ask.
    Blind,
    /// A kiosk that pays through its backend, with the merchant's keys; in half of all cases the gateway ignores idempotency keys all the
    /// same.
    Relayed,
}

impl Method {
    /// All, in the order of the tables.
    pub const ALL: [Self; 5] = [Self::Link, Self::Card, Self::Otp, Self::Collect, Self::Qr];

    const fn name(self) -> &'static str {
        match self {
            Self::Qr => "qr",
            Self::Link => "link",
            Self::Card => "card",
            Self::Otp => "otp",
            Self::Collect => "collect",
        }
    }

    /// The same, or one whose picture need not be drawn.
    pub(super) const fn short(self) -> Self {
        match self {
            Self::Qr | Self::Otp => Self::Link,
            other => other,
        }
    }

    /// Whether a backend relays it.
    pub(super) const fn is_relayed(self) -> bool {
        matches!(self, Self::Qr | Self::Link | Self::Collect)
    }

    /// The request of this method, for the session.
    pub(super) fn request(self, session: &str) -> Option<OrderPay> {
        let session = PaymentSessionId::parse(session).ok()?;
        let card = || {
            let number = CardNumber::parse("4706131211212123").ok()?;
            Some(PlainCard::new(number, CardExpiry::parse("03", "28").ok()?, Cvv::parse("123").ok()?))
        };
        Some(match self {
            Self::Qr => OrderPay::new(session, Upi::QrCode),
            Self::Link => OrderPay::new(session, Upi::link()),
            Self::Card => OrderPay::new(session, Card::link(card()?)),
            Self::Otp => OrderPay::new(session, Card::native_otp(card()?)),
            Self::Collect => OrderPay::new(session, Upi::Collect(Collect::new(Vpa::parse("shopper@bank").ok()?))),
        })
    }
}

impl Mode {
    /// All.
    pub const ALL: [Self; 4] = [Self::Keys, Self::Kiosk, Self::Blind, Self::Relayed];
    /// Those that pay at the gateway.
    pub(super) const DIRECT: [Self; 3] = [Self::Keys, Self::Kiosk, Self::Blind];

    /// A backend stands behind it.
    pub(super) const fn has_backend(self) -> bool {
        matches!(self, Self::Kiosk | Self::Relayed)
    }

    /// It sends the merchant's credentials, or its token, with Order Pay too.
    pub(super) const fn pays_with_keys(self) -> bool {
        matches!(self, Self::Keys | Self::Relayed)
    }

    pub(super) const fn of_the_sandbox(self) -> sandbox::Mode {
        match self {
            Self::Keys => sandbox::Mode::Keys,
            Self::Kiosk | Self::Relayed => sandbox::Mode::Kiosk,
            Self::Blind => sandbox::Mode::Blind,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Kiosk => "kiosk",
            Self::Blind => "blind",
            Self::Relayed => "relayed",
        }
    }
}

impl Case {
    /// Reads what `Display` writes: `pays.card.kiosk.w4.s17`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let story = parts.next()?;
        let story = STORIES.iter().copied().find(|known| known.name == story)?;
        let method = parts.next()?;
        let method = Method::ALL.into_iter().find(|known| known.name() == method)?;
        let mode = parts.next()?;
        let mode = Mode::ALL.into_iter().find(|known| known.name() == mode)?;
        let word = parts.next()?.strip_prefix('w')?.parse().ok()?;
        let seed = parts.next()?.strip_prefix('s')?.parse().ok()?;
        (parts.next().is_none()).then_some(Self { story, method, mode, word, seed })
    }

    /// Whether the gateway knows an attempt that its backend sends again by its key.
    pub(super) fn honours_relayed_keys(&self) -> bool {
        self.story.scenario().is_some() || self.number(8).is_multiple_of(2)
    }

    /// Whether a torn word of the flash reads as an error.
    pub(super) const fn ecc(&self) -> bool {
        self.word >= 8 && !self.seed.is_multiple_of(3)
    }

    /// What the merchant chose for goods that were on their way when the power went.
    pub(super) const fn after_cut(&self) -> AfterCut {
        match self.seed % 5 {
            3 => AfterCut::AssumeReleased,
            4 => AfterCut::AssumeNotReleased,
            _ => AfterCut::AskOperator,
        }
    }

    /// Whether money goes back for goods that were paid, never handed out, and whose shopper is gone.
    pub(super) const fn returns_unclaimed(&self) -> bool {
        (self.seed / 2).is_multiple_of(2)
    }

    /// Whether a sensor sees the goods leave.
    pub(super) const fn has_sensor(&self) -> bool {
        self.seed % 5 < 2
    }

    /// A number that depends on the case and on `salt`, and on nothing else.
    #[must_use]
    pub fn number(&self, salt: u64) -> u64 {
        let name = self.story.name.bytes().chain(self.method.name().bytes()).chain(self.mode.name().bytes());
        let start =
            name.fold(u64::from(self.seed) ^ ((self.word as u64) << 32), |hash, byte| mix(hash ^ u64::from(byte)));
        mix(start ^ mix(salt))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (story, method, mode) = (self.story.name, self.method.name(), self.mode.name());
        write!(f, "{story}.{method}.{mode}.w{}.s{}", self.word, self.seed)
    }
}

/// SplitMix64's mixer.
pub(super) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
