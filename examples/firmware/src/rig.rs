//! The command line of the rig: what it plays of a board, and what a test asks of it. What the kiosk does is in the page.

use core::str::SplitAsciiWhitespace;

use embassy_net::{Config, Ipv4Address, Ipv4Cidr, StaticConfigV4};

/// What a test may ask of the rig.
#[derive(Default)]
pub struct Rig<'a> {
    /// `--page FILE`: the page that `kiosk provision` wrote, which a product has in its flash.
    pub page: &'a str,
    /// `--flash FILE`: the flash in which sales are remembered over a power cut.
    pub flash: Option<&'a str>,
    /// `--card FILE`: the card, in place of a reader.
    pub card: Option<&'a str>,
    /// `--otp-file FILE`: OTPs, one a line, in place of a keypad.
    pub otps: Option<&'a str>,
    /// `--now UNIX_SECONDS`: the time, in place of a clock.
    pub now_s: Option<u64>,
    /// `--vend fail`: goods stay inside; `--vend ok`: they come out.
    pub jams: bool,
    /// `--address A.B.C.D/N`: this address instead of DHCP.
    pub address: Option<Ipv4Cidr>,
    /// `--goods FILE`: the machine that hands out the goods, and its sensor, are this file: a line for each order.
    pub goods: Option<&'a str>,
    /// `--picture FILE`: what the display shows, as a portable bitmap that each new picture replaces.
    #[cfg(feature = "screen")]
    pub picture: Option<&'a str>,
    /// `--flash-cut K`: the power goes at the K-th write or erase of the flash.
    pub flash_cut: Option<u32>,
    /// `--speed N`: a second of the guest's clock takes the N-th part of one, so that waiting is short. Not the time of day.
    pub speed: Option<u32>,
    /// `--figures`: prints the peak stack, the busy cycles, the words written to the flash and the address.
    pub figures: bool,
    /// `--no-wipe`: leaves card, OTPs and the stack as they are, for the test that must find them.
    pub no_wipe: bool,
    /// `--hold`: waits at the end for ever, so that a test can look at the memory.
    pub hold: bool,
    /// `--panic`: panics at the end.
    pub panic: bool,
    /// `--residue`: leaves something on the stack first, for the scrub to find.
    pub residue: bool,
}

impl<'a> Rig<'a> {
    /// Understands the words of the emulator, the program's name first.
    pub fn parse(line: &'a str) -> Result<Self, &'static str> {
        let mut rig = Self::default();
        let mut words = line.split_ascii_whitespace();
        words.next();
        while let Some(word) = words.next() {
            match word {
                "--page" => rig.page = value(&mut words)?,
                "--flash" => rig.flash = Some(value(&mut words)?),
                "--card" => rig.card = Some(value(&mut words)?),
                "--otp-file" => rig.otps = Some(value(&mut words)?),
                "--goods" => rig.goods = Some(value(&mut words)?),
                #[cfg(feature = "screen")]
                "--picture" => rig.picture = Some(value(&mut words)?),
                "--now" => rig.now_s = Some(value(&mut words)?.parse().map_err(|_| NO_NUMBER)?),
                "--vend" => {
                    rig.jams = match value(&mut words)? {
                        "ok" => false,
                        "fail" => true,
                        _ => return Err("--vend: ok or fail"),
                    }
                }
                "--address" => {
                    let cidr = value(&mut words)?.parse();
                    rig.address = Some(cidr.map_err(|_| "--address: not an IPv4 address with a prefix length")?);
                }
                "--flash-cut" => rig.flash_cut = Some(number(&mut words)?),
                "--speed" => rig.speed = Some(number(&mut words)?),
                "--figures" => rig.figures = true,
                "--no-wipe" => rig.no_wipe = true,
                "--residue" => rig.residue = true,
                "--hold" => rig.hold = true,
                "--panic" => rig.panic = true,
                _ => return Err("an unknown argument: what the kiosk does is in its --page"),
            }
        }
        if rig.page.is_empty() { Err("missing: --page") } else { Ok(rig) }
    }

    /// How the network is set up.
    pub fn config(&self) -> Config {
        match self.address {
            None => Config::dhcpv4(Default::default()),
            // The emulator's user network has its gateway at .2 and routes to the host by it.
            Some(address) => Config::ipv4_static(StaticConfigV4 {
                address,
                gateway: Some(gateway_of(address)),
                dns_servers: Default::default(),
            }),
        }
    }
}

const NO_NUMBER: &str = "an argument should be a number from 1";

fn value<'a>(words: &mut SplitAsciiWhitespace<'a>) -> Result<&'a str, &'static str> {
    words.next().ok_or("an argument has no value")
}

fn number(words: &mut SplitAsciiWhitespace<'_>) -> Result<u32, &'static str> {
    value(words)?.parse().ok().filter(|number| *number > 0).ok_or(NO_NUMBER)
}

/// The second address of the network.
fn gateway_of(address: Ipv4Cidr) -> Ipv4Address {
    Ipv4Address::from_bits(address.network().address().to_bits() | 2)
}
