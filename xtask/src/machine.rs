//! The machines of the emulator that the firmware is built for.

use clap::ValueEnum;

/// Each is a directory of `examples/firmware/machines`, and a feature.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Machine {
    /// Cortex-M4
    #[default]
    #[value(name = "mps2-an386")]
    An386,
    /// Cortex-M7
    #[value(name = "mps2-an500")]
    An500,
    /// Cortex-M33
    #[value(name = "mps2-an505")]
    An505,
    /// Cortex-M0, without Ethernet: it runs the handshake alone
    #[value(name = "microbit")]
    Microbit,
}

impl Machine {
    /// Those with Ethernet, which pay.
    pub(crate) const KIOSKS: [Self; 3] = [Self::An386, Self::An500, Self::An505];

    /// As the emulator calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::An386 => "mps2-an386",
            Self::An500 => "mps2-an500",
            Self::An505 => "mps2-an505",
            Self::Microbit => "microbit",
        }
    }

    /// What the compiler builds for.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::An386 | Self::An500 => "thumbv7em-none-eabihf",
            Self::An505 => "thumbv8m.main-none-eabihf",
            Self::Microbit => "thumbv6m-none-eabi",
        }
    }

    /// Words for cargo: the firmware's features for it and any server, and what is compiled otherwise than for the first.
    pub(crate) fn words(self) -> Vec<&'static str> {
        let (features, settings): (_, &[_]) = match self {
            Self::An386 => return Vec::new(),
            // The tables of the assembly are not for a processor with a data cache.
            Self::An500 => ("any-server,mps2-an500", &CURVE_FOR_SPEED),
            Self::An505 => ("any-server,mps2-an505,p256-cm4", &[WITHOUT_LTO]),
            Self::Microbit => ("any-server,microbit", &CURVE_FOR_SPEED),
        };
        let settings = settings.iter().flat_map(|setting| ["--config", setting]);
        ["--no-default-features", "--features", features].into_iter().chain(settings).collect()
    }

    /// The programs that are built for it.
    pub(crate) fn programs(self) -> &'static [&'static str] {
        match self {
            Self::An386 | Self::An505 => &["firmware", "curve"],
            Self::An500 => &["firmware"],
            Self::Microbit => &["handshake", "curve"],
        }
    }
}

/// As `examples/boards` has it: the curve's generic code is compiled with the library that calls it.
const CURVE_FOR_SPEED: [&str; 2] =
    ["profile.release.package.p256.opt-level=3", "profile.release.package.transport-embassy.opt-level=2"];

/// Where all crates are optimised at once, LLVM reads the assembly as for the least processor of the target, which has no UMAAL.
const WITHOUT_LTO: &str = r#"profile.release.lto="off""#;
