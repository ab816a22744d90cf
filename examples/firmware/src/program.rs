//! From the command line to the exit status: sets the board up, runs the sale, reports the figures.

use core::fmt::{Display, Write};

use embassy_executor::Spawner;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, StaticConfigV4};
use embassy_time::{Duration, with_timeout};

use crate::semihosting::{self, Stdout};
use crate::{board, executor, smoke};

/// Exit status of an error of this side, before anything was sent.
pub const LOCAL_ERROR: u8 = 1;

/// Words of the rig itself, taken out before the program sees the rest.
///
/// `--address A.B.C.D/N` uses this address instead of DHCP; `--figures` prints the peak stack, the busy cycles and the
/// address at the end; `--hold` then waits for ever, so that a test can look at the memory; `--panic` panics there instead.
#[derive(Default)]
struct Rig {
    address: Option<Ipv4Cidr>,
    figures: bool,
    hold: bool,
    panic: bool,
}

/// Runs the program and answers its exit status.
pub async fn run(spawner: Spawner) -> u8 {
    let mut buffer = [0; 1024];
    let Some(line) = semihosting::command_line(&mut buffer) else { return fail("the command line is over 1024 bytes") };
    let rig = match Rig::parse(line.split(' ').skip(1)) {
        Ok(rig) => rig,
        Err(message) => return fail(message),
    };
    let mut seed = [0; 8];
    if semihosting::entropy(&mut seed).is_err() {
        return fail("the host has no /dev/urandom");
    }
    let Ok(stack) = board::start(spawner, rig.config(), u64::from_le_bytes(seed)) else {
        return fail("no Ethernet controller");
    };
    if with_timeout(ADDRESS_TIMEOUT, stack.wait_config_up()).await.is_err() {
        return fail("no address from DHCP");
    }
    let code = smoke::run(stack, line.split(' ').skip(1)).await;
    if rig.figures {
        let (peak, cycles) = (board::peak_stack(), executor::busy_cycles());
        let mut out = Stdout::new();
        let _ = write!(out, r#"{{"event":"figures","stack":{peak},"busy_cycles":{cycles}"#);
        if let Some(config) = stack.config_v4() {
            let _ = write!(out, r#","address":"{}""#, config.address);
        }
        let _ = out.write_str("}\n");
    }
    assert!(!rig.panic, "as asked by --panic");
    if rig.hold {
        let _ = writeln!(Stdout::new(), r#"{{"event":"hold","code":{code}}}"#);
        core::future::pending::<()>().await;
    }
    code
}

/// Prints the error as a step and answers [`LOCAL_ERROR`].
pub fn fail(message: impl Display) -> u8 {
    let _ = writeln!(Stdout::new(), r#"{{"event":"error","message":"{message}"}}"#);
    LOCAL_ERROR
}

const ADDRESS_TIMEOUT: Duration = Duration::from_secs(60);

impl Rig {
    fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self, &'static str> {
        let mut rig = Self::default();
        while let Some(word) = words.next() {
            match word {
                "--address" => {
                    let cidr = words.next().and_then(|text| text.parse().ok());
                    rig.address = Some(cidr.ok_or("--address: not an IPv4 address with a prefix length")?);
                }
                "--figures" => rig.figures = true,
                "--hold" => rig.hold = true,
                "--panic" => rig.panic = true,
                _ => {}
            }
        }
        Ok(rig)
    }

    fn config(&self) -> Config {
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

/// The second address of the network.
fn gateway_of(address: Ipv4Cidr) -> Ipv4Address {
    Ipv4Address::from_bits(address.network().address().to_bits() | 2)
}
