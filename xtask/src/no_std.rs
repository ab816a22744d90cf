//! `cargo xtask no-std`: the libraries for bare metal, built with `core` and nothing else.

use anyhow::{Result, ensure};

use crate::bare_metal::{self, Compiler};
use crate::command::run as run_command;
use crate::workspace;

/// Fails if a library, or anything it depends on, needs `alloc`, `std` or an atomic compare-and-swap.
pub(crate) fn run() -> Result<()> {
    let hint = bare_metal::install_command(&bare_metal::COMPILER);
    ensure!(bare_metal::has_debian_compiler(), "building core alone takes Debian's compiler: {hint}");
    for (package, targets) in BUILDS {
        for target in targets {
            let mut sets = vec![vec!["--no-default-features"], vec!["--all-features"]];
            if workspace::features(package)?.is_empty() {
                sets.pop();
            }
            for set in sets {
                let mut command = Compiler::Debian.cargo("build", target, workspace::root())?;
                run_command(command.args(["--lib", "-p", package]).args(set))?;
            }
        }
    }
    for target in EMBASSY {
        let mut command = Compiler::Debian.cargo("build", target, workspace::root())?;
        run_command(command.args(["-p", "examples", "--example", "embassy"]))?;
    }
    println!("no-std: all built without alloc");
    Ok(())
}

/// What `examples/embassy.rs` is shown for.
const EMBASSY: [&str; 3] = ["thumbv7em-none-eabihf", "thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

/// A microcontroller with everything, one whose processor has no atomic read-modify-write, and one of another make that
/// has none either.
const BUILDS: [(&str, &[&str]); 2] = [
    ("pay-core", &["thumbv7em-none-eabihf", "thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"]),
    ("transport-embassy", &["thumbv7em-none-eabihf"]),
];
