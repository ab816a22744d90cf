//! The command line, the same on a desktop and in the firmware.

use core::fmt;

use pay_core::model::InvalidValue;
use pay_core::sale::Limits;
use pay_core::{Amount, OrderId};

/// What to type.
pub const USAGE: &str = "\
kiosk --connect HOST:PORT --server-name NAME --ca FILE.der --amount A [--session S] [--order-id ID]
      [--status-connect HOST:PORT --status-server-name NAME --status-ca FILE.der --device-token-file FILE]
      [--method upi-qrcode|upi-link|card] [--card FILE [--otp-file FILE]] [--direct] [--now UNIX_SECONDS]
      [--patience SECONDS] [--repeat N] [--vend ok|fail]
      [--flash FILE --secret-file FILE] [--max-open N] [--max-total AMOUNT] [--max-age SECONDS]
kiosk --connect ... --status-connect ... --flash FILE --secret-file FILE --resume
kiosk --connect HOST:PORT --server-name NAME --ca FILE.der --probe
Without --session the backend (--status-...) makes the order; --order-id may then be left out.
Such an order is paid through the backend, which adds the merchant's keys. With --direct or a card it is paid at the gateway: for that
the token must be one that was made with --direct.
Exit codes: 0 paid, 1 local error and nothing was sent, 2 not paid, 3 unknown, 4 not over: resume, 5 the money goes back,
6 paid by somebody else, 7 a person must look, 64 usage.";

/// The words of the command line, understood.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arguments<'a> {
    /// The gateway.
    pub pay: Server<'a>,
    /// The merchant's backend, which makes orders and is asked how they stand.
    pub status: Option<Server<'a>>,
    /// The file with the device's token for the backend.
    pub device_token_file: Option<&'a str>,
    /// The session of an order that exists. Shown in no event.
    pub session: Option<&'a str>,
    /// What is to be paid.
    pub amount: Option<Amount>,
    /// The order; minted if there is none.
    pub order_id: Option<OrderId>,
    /// How to pay.
    pub means: Means,
    /// The file with the card.
    pub card: Option<&'a str>,
    /// Pay at the gateway, not through the backend.
    pub direct: bool,
    /// A file with the OTPs that the shopper will type, one a line: a stand-in for a keypad.
    pub otp_file: Option<&'a str>,
    /// The time, where there is no clock to ask, in Unix seconds.
    pub now_s: Option<u64>,
    /// How long the shopper has, in seconds. As long again is waited for an order to close.
    pub patience_s: u32,
    /// How many sales, one after the other. With a session: attempts at its order.
    pub repeat: u16,
    /// What a machine that is not there says of the goods: they are out, or they are not.
    pub vend: bool,
    /// The file that is the flash in which sales are remembered over a power cut.
    pub flash: Option<&'a str>,
    /// The file with the device's own 32 random bytes. Needed beside a flash: keys come from it, the same after a power cut.
    pub secret_file: Option<&'a str>,
    /// Settle what the journal has open, and sell nothing.
    pub resume: bool,
    /// How much may be unsettled when a sale begins.
    pub limits: Limits,
    /// Connect, say what was negotiated, send nothing.
    pub probe: bool,
}

/// Where a server is and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Server<'a> {
    /// Address to connect to: DNS name or IPv4 address.
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// The name in its certificate.
    pub name: &'a str,
    /// The file with the certificate to trust, DER.
    pub ca: &'a str,
}

/// How to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Means {
    /// The gateway's QR image.
    UpiQrCode,
    /// A UPI link that the kiosk draws as a QR.
    UpiLink,
    /// A card; with an OTP file its OTP is entered here, else the bank's page is shown.
    Card,
}

/// A command line that cannot be followed. Names the word, never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum UsageError {
    /// No such argument.
    Unknown,
    /// The argument has no value.
    NoValue(&'static str),
    /// Its value is not what it should be.
    BadValue(&'static str, &'static str),
    /// Its value was refused.
    Invalid(&'static str, InvalidValue),
    /// It is given twice.
    Twice(&'static str),
    /// It is needed here.
    Missing(&'static str),
}

impl<'a> Arguments<'a> {
    /// Understands the words after the program's name.
    ///
    /// # Errors
    /// [`UsageError`].
    pub fn parse(words: impl IntoIterator<Item = &'a str>) -> Result<Self, UsageError> {
        let mut values = [None; NAMES.len()];
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let at = NAMES.iter().position(|name| *name == word).ok_or(UsageError::Unknown)?;
            let name = NAMES[at];
            let value = if ["--probe", "--resume", "--direct"].contains(&name) {
                ""
            } else {
                words.next().ok_or(UsageError::NoValue(name))?
            };
            if values[at].replace(value).is_some() {
                return Err(UsageError::Twice(name));
            }
        }
        let value = |name: &str| NAMES.iter().position(|known| *known == name).and_then(|at| values[at]);
        let needed = |name: &'static str| value(name).ok_or(UsageError::Missing(name));

        let pay =
            server(needed("--connect")?, ("--server-name", needed("--server-name")?), needed("--ca")?, "--connect")?;
        let status = match value("--status-connect") {
            None => None,
            Some(address) => Some(server(
                address,
                ("--status-server-name", needed("--status-server-name")?),
                needed("--status-ca")?,
                "--status-connect",
            )?),
        };
        let amount = value("--amount").map(Amount::parse).transpose();
        let order_id = value("--order-id").map(OrderId::parse).transpose();
        let means = match value("--method") {
            None if value("--card").is_some() => Means::Card,
            None | Some("upi-qrcode") => Means::UpiQrCode,
            Some("upi-link") => Means::UpiLink,
            Some("card") => Means::Card,
            Some(_) => return Err(UsageError::BadValue("--method", "upi-qrcode, upi-link or card")),
        };
        let arguments = Self {
            pay,
            status,
            device_token_file: value("--device-token-file"),
            session: value("--session"),
            amount: amount.map_err(|e| UsageError::Invalid("--amount", e))?,
            order_id: order_id.map_err(|e| UsageError::Invalid("--order-id", e))?,
            means,
            card: value("--card"),
            direct: value("--direct").is_some(),
            otp_file: value("--otp-file"),
            now_s: value("--now").map(|text| number("--now", text)).transpose()?,
            patience_s: value("--patience").map_or(Ok(300), |text| number("--patience", text))?,
            repeat: value("--repeat").map_or(Ok(1), |text| number("--repeat", text))?,
            vend: match value("--vend") {
                None | Some("ok") => true,
                Some("fail") => false,
                Some(_) => return Err(UsageError::BadValue("--vend", "ok or fail")),
            },
            flash: value("--flash"),
            secret_file: value("--secret-file"),
            resume: value("--resume").is_some(),
            limits: Limits {
                open: value("--max-open").map_or(Ok(LIMITS.open), |text| number("--max-open", text))?,
                total_minor: match value("--max-total").map(Amount::parse) {
                    None => LIMITS.total_minor,
                    Some(total) => total.map_err(|e| UsageError::Invalid("--max-total", e))?.minor(),
                },
                oldest_s: value("--max-age").map_or(Ok(LIMITS.oldest_s), |text| number("--max-age", text))?,
            },
            probe: value("--probe").is_some(),
        };
        if !arguments.probe {
            arguments.check()?;
        }
        Ok(arguments)
    }

    /// Whether the backend pays for this kiosk: a card goes straight to the gateway, and so does the session of an order that others made.
    pub fn is_relayed(&self) -> bool {
        self.status.is_some() && self.session.is_none() && self.means != Means::Card && !self.direct
    }

    fn check(&self) -> Result<(), UsageError> {
        if self.status.is_some() && self.device_token_file.is_none() {
            return Err(UsageError::Missing("--device-token-file"));
        }
        if self.flash.is_some() && self.secret_file.is_none() {
            return Err(UsageError::Missing("--secret-file"));
        }
        if self.resume {
            return if self.status.is_some() { Ok(()) } else { Err(UsageError::Missing("--status-connect")) };
        }
        match (self.session, &self.status) {
            (None, None) => return Err(UsageError::Missing("--session, or --status-connect")),
            (Some(_), _) if self.order_id.is_none() => return Err(UsageError::Missing("--order-id")),
            _ if self.amount.is_none() => return Err(UsageError::Missing("--amount")),
            _ => {}
        }
        if self.means == Means::Card && self.card.is_none() {
            return Err(UsageError::Missing("--card"));
        }
        Ok(())
    }
}

/// Unless something else is said: one sale less than a small flash keeps, 10,000.00, a day.
const LIMITS: Limits = Limits { open: 7, total_minor: 1_000_000, oldest_s: 24 * 60 * 60 };

const NAMES: [&str; 25] = [
    "--connect",
    "--server-name",
    "--ca",
    "--status-connect",
    "--status-server-name",
    "--status-ca",
    "--device-token-file",
    "--session",
    "--amount",
    "--order-id",
    "--method",
    "--card",
    "--otp-file",
    "--direct",
    "--now",
    "--patience",
    "--repeat",
    "--vend",
    "--probe",
    "--flash",
    "--secret-file",
    "--resume",
    "--max-open",
    "--max-total",
    "--max-age",
];

fn server<'a>(
    address: &'a str,
    (name_of_name, name): (&'static str, &'a str),
    ca: &'a str,
    name_of_address: &'static str,
) -> Result<Server<'a>, UsageError> {
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match parts {
        Some((host, port @ 1..)) if plain(host) && plain(name) => Ok(Server { host, port, name, ca }),
        Some((host, 1..)) if plain(host) => Err(UsageError::BadValue(name_of_name, "a host name or an IPv4 address")),
        _ => Err(UsageError::BadValue(name_of_address, "HOST:PORT")),
    }
}

fn number<T: TryFrom<u64>>(name: &'static str, text: &str) -> Result<T, UsageError> {
    let number = text.parse().ok().and_then(|number: u64| number.try_into().ok());
    number.ok_or(UsageError::BadValue(name, "a whole number that is not too large"))
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown argument"),
            Self::NoValue(name) => write!(f, "{name}: has no value"),
            Self::BadValue(name, what) => write!(f, "{name}: should be {what}"),
            Self::Invalid(name, why) => write!(f, "{name}: {why}"),
            Self::Twice(name) => write!(f, "{name}: given twice"),
            Self::Missing(name) => write!(f, "missing: {name}"),
        }
    }
}

impl core::error::Error for UsageError {}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "--connect 127.0.0.1:8443 --server-name localhost --ca ca.der";
    const BACKEND: &str = "--status-connect b:1 --status-server-name b --status-ca b.der --device-token-file token";

    fn parse(rest: &str) -> Result<(), UsageError> {
        Arguments::parse(SERVER.split(' ').chain(rest.split(' ').filter(|word| !word.is_empty()))).map(|_| ())
    }

    #[test]
    fn takes_what_the_usage_says() {
        for rest in [
            "--session s --order-id abc --amount 10.15",
            "--session s --order-id abc --amount 10.15 --method upi-link",
            "--session s --order-id abc --amount 1 --card c",
            "--session s --order-id abc --amount 1 --flash f --secret-file g",
            "--probe",
        ] {
            assert_eq!(parse(rest), Ok(()), "{rest}");
        }
        let words = SERVER.split(' ').chain(BACKEND.split(' ')).chain(["--amount", "1"]);
        assert_eq!(Arguments::parse(words).unwrap().status.unwrap().host, "b");
    }

    /// Meant to notice: each of the four conditions of `is_relayed` left out.
    #[test]
    fn the_backend_pays_where_it_may() {
        for (rest, relayed) in [
            ("--amount 1", true),
            ("--amount 1 --method upi-link", true),
            ("--amount 1 --direct", false),
            ("--amount 1 --card c", false),
            ("--amount 1 --session s --order-id abc", false),
        ] {
            let words = SERVER.split(' ').chain(BACKEND.split(' ')).chain(rest.split(' '));
            assert_eq!(Arguments::parse(words).unwrap().is_relayed(), relayed, "{rest}");
        }
        let words = SERVER.split(' ').chain("--amount 1 --session s --order-id abc".split(' '));
        assert!(!Arguments::parse(words).unwrap().is_relayed());
    }

    /// Mutant seen red: the check for an amount of a UPI link left out (it would be shown unchecked).
    #[test]
    fn refuses_what_cannot_be_done() {
        for (rest, why) in [
            ("", UsageError::Missing("--session, or --status-connect")),
            ("--session s --order-id abc --amount 1 --flash f", UsageError::Missing("--secret-file")),
            ("--session s", UsageError::Missing("--order-id")),
            ("--session s --order-id abc", UsageError::Missing("--amount")),
            ("--session s --order-id abc --amount 1 --method card", UsageError::Missing("--card")),
            (
                "--session s --order-id abc --method cash",
                UsageError::BadValue("--method", "upi-qrcode, upi-link or card"),
            ),
            ("--session s --order-id abc --vend maybe", UsageError::BadValue("--vend", "ok or fail")),
            ("--session s --session t --order-id abc", UsageError::Twice("--session")),
            ("--session", UsageError::NoValue("--session")),
            ("--sesion s", UsageError::Unknown),
            (
                "--session s --order-id abc --repeat 70000",
                UsageError::BadValue("--repeat", "a whole number that is not too large"),
            ),
        ] {
            assert_eq!(parse(rest), Err(why), "{rest}");
        }
        assert!(matches!(parse("--session s --order-id abc --amount 1.001"), Err(UsageError::Invalid("--amount", _))));
        for address in ["localhost", "h:0", "h:x", "a b:1", ":1"] {
            let words = ["--connect", address, "--server-name", "n", "--ca", "c", "--probe"];
            assert_eq!(Arguments::parse(words).map(|_| ()), Err(UsageError::BadValue("--connect", "HOST:PORT")));
        }
    }
}
