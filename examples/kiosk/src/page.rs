//! The page: a [`Config`] in a piece of flash, for boards without files.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | [`Config::MAGIC`] |
//! | 2 | [`Config::VERSION`] |
//! | 2 | length of the body |
//! | | the body |
//! | 4 | CRC-32 (ISO-HDLC) of all that |
//!
//! Numbers have their lower bytes first. The body has the values of [`Settings`] in their order, each variant of an enum as a byte before
//! its values, and each text behind its length in two bytes. A config has one page only: what is read is written with the same bytes.

use core::num::{NonZeroU16, NonZeroU32};

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use pay_core::sale::Limits;
use pay_core::{Amount, OrderId};

use crate::config::{Backend, Config, ConfigError, Means, Order, Sale, Server, Settings, Task};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Before the body.
const HEAD: usize = 12;

/// What went before: a command line, in flash.
const COMMAND_LINE: [u8; 8] = *b"kiosk/1\n";

impl<'a> Config<'a> {
    /// How a page begins.
    pub const MAGIC: [u8; 8] = *b"kioskcfg";

    /// The version of the form that this program reads and writes.
    pub const VERSION: u16 = 1;

    /// Most bytes of a page.
    pub const PAGE_MAX: usize = 6 * 1024;

    /// Reads the page at the start of `bytes`; what follows it is ignored.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, ConfigError> {
        if bytes.starts_with(&COMMAND_LINE) {
            return Err(ConfigError::Version(0));
        }
        let mut head = Reader(bytes.strip_prefix(&Self::MAGIC).ok_or(ConfigError::Missing)?);
        let version = u16::from_le_bytes(head.array().ok_or(ConfigError::Damaged)?);
        if version != Self::VERSION {
            return Err(ConfigError::Version(version));
        }
        let body = head.bytes().ok_or(ConfigError::Damaged)?;
        if HEAD + body.len() + 4 > Self::PAGE_MAX {
            return Err(ConfigError::TooLong);
        }
        let sum = head.array().ok_or(ConfigError::Damaged)?;
        if bytes.get(..HEAD + body.len()).map(|all| CRC.checksum(all).to_le_bytes()) != Some(sum) {
            return Err(ConfigError::Damaged);
        }
        let mut body = Reader(body);
        let settings = body.settings().filter(|_| body.0.is_empty()).ok_or(ConfigError::Form)?;
        Self::of_any_length(settings)
    }

    /// Writes the page to the start of `out`; the answer is its length. `None`: `out` is too small.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let length = self.page_len();
        let out = out.get_mut(..length)?;
        let mut at = 0;
        let body = u16::try_from(length - HEAD - 4).ok()?;
        let mut add = |bytes: &[u8]| {
            if let Some(to) = out.get_mut(at..at + bytes.len()) {
                to.copy_from_slice(bytes);
            }
            at += bytes.len();
        };
        add(&Self::MAGIC);
        add(&Self::VERSION.to_le_bytes());
        add(&body.to_le_bytes());
        put_settings(self.settings(), &mut add);
        let (all, sum) = out.split_last_chunk_mut()?;
        *sum = CRC.checksum(all).to_le_bytes();
        Some(length)
    }

    /// Bytes of its page.
    pub(crate) fn page_len(&self) -> usize {
        let mut length = HEAD + 4;
        put_settings(self.settings(), &mut |bytes| length += bytes.len());
        length
    }
}

/// What is left of a page.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.array()?);
        let (bytes, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.bytes()?).ok()
    }

    fn settings(&mut self) -> Option<Settings<'a>> {
        let gateway = self.server()?;
        let (secret, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        let patience_s = NonZeroU32::new(u32::from_le_bytes(self.array()?))?;
        let limits = Limits {
            open: u32::from_le_bytes(self.array()?),
            total_minor: u64::from_le_bytes(self.array()?),
            oldest_s: u64::from_le_bytes(self.array()?),
        };
        let task = match self.byte()? {
            0 => Task::Sell(self.sale()?),
            1 => Task::Resume(self.backend()?),
            2 => Task::Probe,
            _ => return None,
        };
        Some(Settings { gateway, secret, patience_s, limits, task })
    }

    fn server(&mut self) -> Option<Server<'a>> {
        let (host, port) = (self.text()?, NonZeroU16::new(u16::from_le_bytes(self.array()?))?);
        Some(Server { host, port, name: self.text()?, ca: self.bytes()? })
    }

    fn backend(&mut self) -> Option<Backend<'a>> {
        let (server, token) = (self.server()?, self.text()?);
        let direct = match self.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Backend { server, token, direct })
    }

    fn sale(&mut self) -> Option<Sale<'a>> {
        let order = match self.byte()? {
            0 => Order::New { backend: self.backend()?, id: None },
            1 => Order::New { backend: self.backend()?, id: Some(self.id()?) },
            2 => Order::Existing { id: self.id()?, session: self.text()?, backend: None },
            3 => Order::Existing { id: self.id()?, session: self.text()?, backend: Some(self.backend()?) },
            _ => return None,
        };
        let amount = Amount::from_minor(u64::from_le_bytes(self.array()?)).ok()?;
        let means = match self.byte()? {
            0 => Means::UpiQrCode,
            1 => Means::UpiLink,
            2 => Means::Card,
            _ => return None,
        };
        Some(Sale { order, amount, means, repeat: NonZeroU16::new(u16::from_le_bytes(self.array()?))? })
    }

    fn id(&mut self) -> Option<OrderId> {
        OrderId::parse(self.text()?).ok()
    }
}

/// Where bytes go.
type Put<'p> = dyn FnMut(&[u8]) + 'p;

/// Behind its length. What is longer than this can say makes a page that is too long, and no page is written.
fn put_bytes(bytes: &[u8], put: &mut Put<'_>) {
    put(&(bytes.len() as u16).to_le_bytes());
    put(bytes);
}

fn put_settings(settings: &Settings<'_>, put: &mut Put<'_>) {
    put_server(&settings.gateway, put);
    put(settings.secret);
    put(&settings.patience_s.get().to_le_bytes());
    put(&settings.limits.open.to_le_bytes());
    put(&settings.limits.total_minor.to_le_bytes());
    put(&settings.limits.oldest_s.to_le_bytes());
    match &settings.task {
        Task::Sell(sale) => {
            put(&[0]);
            put_sale(sale, put);
        }
        Task::Resume(backend) => {
            put(&[1]);
            put_backend(backend, put);
        }
        Task::Probe => put(&[2]),
    }
}

fn put_server(server: &Server<'_>, put: &mut Put<'_>) {
    put_bytes(server.host.as_bytes(), put);
    put(&server.port.get().to_le_bytes());
    put_bytes(server.name.as_bytes(), put);
    put_bytes(server.ca, put);
}

fn put_backend(backend: &Backend<'_>, put: &mut Put<'_>) {
    put_server(&backend.server, put);
    put_bytes(backend.token.as_bytes(), put);
    put(&[backend.direct.into()]);
}

fn put_sale(sale: &Sale<'_>, put: &mut Put<'_>) {
    match &sale.order {
        Order::New { backend, id } => {
            put(&[id.is_some().into()]);
            put_backend(backend, put);
            if let Some(id) = id {
                put_bytes(id.as_str().as_bytes(), put);
            }
        }
        Order::Existing { id, session, backend } => {
            put(&[if backend.is_some() { 3 } else { 2 }]);
            put_bytes(id.as_str().as_bytes(), put);
            put_bytes(session.as_bytes(), put);
            if let Some(backend) = backend {
                put_backend(backend, put);
            }
        }
    }
    put(&sale.amount.minor().to_le_bytes());
    put(&[match sale.means {
        Means::UpiQrCode => 0,
        Means::UpiLink => 1,
        Means::Card => 2,
    }]);
    put(&sale.repeat.get().to_le_bytes());
}
