//! Words of the rig itself, taken out of the command line before the kiosk sees the rest.

use core::iter::Skip;
use core::str::SplitAsciiWhitespace;

use embassy_net::{Config, Ipv4Address, Ipv4Cidr, StaticConfigV4};

/// What a test may ask of the rig.
#[derive(Default)]
pub struct Rig<'a> {
    /// `--address A.B.C.D/N`: this address instead of DHCP.
    pub address: Option<Ipv4Cidr>,
    /// `--goods FILE`: the machine that hands out the goods, and its sensor, are this file: a line for each order.
    pub goods: Option<&'a str>,
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
    /// The words after the program's name.
    pub fn words(line: &str) -> Skip<SplitAsciiWhitespace<'_>> {
        line.split_ascii_whitespace().skip(1)
    }

    /// Understands those of the rig.
    pub fn parse(mut words: impl Iterator<Item = &'a str>) -> Result<Self, &'static str> {
        let mut rig = Self::default();
        while let Some(word) = words.next() {
            match word {
                "--address" => {
                    let cidr = words.next().and_then(|text| text.parse().ok());
                    rig.address = Some(cidr.ok_or("--address: not an IPv4 address with a prefix length")?);
                }
                "--goods" => rig.goods = Some(words.next().ok_or("--goods: has no value")?),
                "--flash-cut" => rig.flash_cut = Some(number(words.next()).ok_or("--flash-cut: not a number from 1")?),
                "--speed" => rig.speed = Some(number(words.next()).ok_or("--speed: not a number from 1")?),
                "--figures" => rig.figures = true,
                "--no-wipe" => rig.no_wipe = true,
                "--residue" => rig.residue = true,
                "--hold" => rig.hold = true,
                "--panic" => rig.panic = true,
                _ => {}
            }
        }
        Ok(rig)
    }

    /// Lets through what is not the rig's.
    pub fn filter() -> impl FnMut(&&str) -> bool {
        let mut value = false;
        move |word| {
            let named = NAMES.contains(word);
            let skipped = core::mem::replace(&mut value, named);
            !(skipped || named || ALONE.contains(word))
        }
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

/// Words with a value behind them.
const NAMES: [&str; 4] = ["--address", "--goods", "--flash-cut", "--speed"];

/// Words without one.
const ALONE: [&str; 5] = ["--figures", "--no-wipe", "--residue", "--hold", "--panic"];

fn number(word: Option<&str>) -> Option<u32> {
    word?.parse().ok().filter(|number| *number > 0)
}

/// The second address of the network.
fn gateway_of(address: Ipv4Cidr) -> Ipv4Address {
    Ipv4Address::from_bits(address.network().address().to_bits() | 2)
}
