//! One sale on a microcontroller: no operating system, no heap. The board brings a network stack (embassy-net over its NIC), a clock
//! that was set, a cryptographic random source, and flash for the journal. A power cut may come at any point: the next start settles what
//! it left.
#![no_std]

use core::cell::RefCell;

use embassy_net::Stack;
use embassy_time::{Duration, Instant, Timer};
use embedded_storage_async::nor_flash::NorFlash;
use pay_core::model::{
    Amount, Customer, CustomerId, DeviceSecret, Environment, InvalidValue, NextAction, Phone, method::Upi,
};
use pay_core::sale::{Policy, Refunds};
use pay_core::till::{Device, Goods, Offer, Seen, Shop, Terms, Till, TillError, Unclaimed, Wish};
use pay_core::{Auth, Buffers, Endpoint, Millis, Outcome, Routes};
use static_cell::ConstStaticCell;
use transport_embassy::journal::{FlashJournal, JournalError};
use transport_embassy::rand_core::CryptoRngCore;
use transport_embassy::tls::{self, Clock, RX_FOR_ANY_SERVER, Trust, TrustAnchor};
use transport_embassy::{Link, StackConnector, Transport};

/// What the board brings. Its journal lies in the first 36 KiB of `flash`: nine sectors of 4 KiB, eight open sales.
pub struct Board<R, K, F> {
    /// The network.
    pub stack: Stack<'static>,
    /// A cryptographic random source.
    pub random: R,
    /// The wall clock, for certificates.
    pub clock: K,
    /// For the journal.
    pub flash: F,
    /// 32 bytes made once for this device, kept apart from the journal.
    pub secret: DeviceSecret,
    /// The device's token at the merchant's backend.
    pub token: &'static str,
    /// Whom to trust.
    pub anchors: &'static [TrustAnchor<'static>],
}

/// Why nothing was sold. Nothing that could charge was sent.
#[derive(Debug)]
pub enum Error<E> {
    /// A value that this program was built with, or the token.
    Value(InvalidValue),
    /// The journal, or a limit.
    Till(TillError<JournalError<E>>),
}

/// Seconds of the day this program was released: a clock that shows less was never set.
const RELEASED_S: u64 = 1_795_824_000;

/// The screen and the motor: here nothing.
struct Front;

impl Shop for Front {
    fn now(&mut self) -> Millis {
        Millis(Instant::now().as_millis())
    }
    async fn sleep(&mut self, until: Millis) -> Wish {
        Timer::after(Duration::from_millis(until.since(self.now()))).await;
        Wish::Nothing // or `Wish::Cancel`, when the button was pressed: `select` the timer with it
    }
    async fn show(&mut self, _: &Offer, action: NextAction<'_>) -> Seen {
        let NextAction::UpiLinks(links) = action else { return Seen::GiveUp };
        // Draw it as a QR.
        if links.upi().is_some() { Seen::Shown } else { Seen::GiveUp }
    }
    async fn vend(&mut self, _: &Offer) -> Goods {
        Goods::Out // turn the motor, look at the sensor
    }
}

/// Settles what a power cut left open, then sells for 10.15. Once for each start: the memory is taken for good.
pub async fn sell<R: CryptoRngCore, K: Clock, F: NorFlash>(board: Board<R, K, F>) -> Result<Outcome, Error<F::Error>> {
    static TCP: ConstStaticCell<([u8; 4096], [u8; 2048])> = ConstStaticCell::new(([0; 4096], [0; 2048]));
    static TLS: ConstStaticCell<([u8; RX_FOR_ANY_SERVER], [u8; 2048])> =
        ConstStaticCell::new(([0; RX_FOR_ANY_SERVER], [0; 2048]));
    static BUFFERS: ConstStaticCell<([u8; 1024], [u8; 4096])> = ConstStaticCell::new(([0; 1024], [0; 4096]));
    let Board { stack, mut random, clock, mut flash, secret, token, anchors } = board;
    let (mut seed, incarnation) = ([0; 32], random.next_u64());
    random.fill_bytes(&mut seed);

    let range = 0..9 * F::ERASE_SIZE as u32;
    let opened = match FlashJournal::<_, 9>::open(&mut flash, range.clone()).await {
        Err(JournalError::Blank) => FlashJournal::<_, 9>::format(&mut flash, range.clone()).await.map(drop),
        other => other.map(drop),
    };
    opened.map_err(|error| Error::Till(TillError::Journal(error)))?;
    let journal = FlashJournal::<_, 9>::open(&mut flash, range).await;
    let journal = journal.map_err(|error| Error::Till(TillError::Journal(error)))?;

    let (tcp, tls) = (TCP.take(), TLS.take());
    let connector = StackConnector::new(stack, &mut tcp.0, &mut tcp.1);
    let link = RefCell::new(Link::new(connector, tls::Buffers::new(&mut tls.0, &mut tls.1), random, clock));
    let trust = Trust::new(anchors, RELEASED_S);
    let backend = Endpoint::parse("https://backend.example/pg", Auth::bearer(token)?)?;
    let backend = Transport::new(&link, backend, trust);

    // The backend holds the merchant's keys: it makes the order, pays it at the gateway, answers for it, and sends money back. A card
    // reader needs another transport, to `Endpoint::gateway(Environment::Sandbox, Auth::Session)`, and `Routes::two` of both.
    let mut policy = Policy::with_ask();
    (policy.release, policy.refunds) = (true, Refunds::ByBackend);
    let mut terms = Terms::new(Environment::Sandbox, policy);
    terms.unclaimed = Unclaimed::Return;
    let (tx, rx) = BUFFERS.take();
    let device = Device { secret, journal, incarnation, epoch: 0 };
    let mut till = Till::new(Routes::same(backend), device, terms, seed, Buffers { tx, rx }, ());
    till.settle_open(Front.now().after(60_000), &mut Front).await?;
    let customer = Customer::new(CustomerId::parse("kiosk")?, Phone::parse("9999999999")?);
    let order = till.create(Amount::from_minor(1015)?, customer, &mut Front).await?;
    Ok(till.sell(order, Upi::link(), &mut Front).await?)
}

impl<E> From<InvalidValue> for Error<E> {
    fn from(error: InvalidValue) -> Self {
        Self::Value(error)
    }
}

impl<E> From<TillError<JournalError<E>>> for Error<E> {
    fn from(error: TillError<JournalError<E>>) -> Self {
        Self::Till(error)
    }
}
