//! Compilers for processors without an operating system.
//!
//! A toolchain of rustup builds for a target only where that target was installed. Debian's compiler comes with the
//! sources of the standard library, so it can build `core` alone: then nothing in the program, dependencies included,
//! can name `alloc` or `std`, and the build itself is the proof that there is no heap.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{cargo, output, run, succeeds};
use crate::workspace;

/// What builds the firmware.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// A target of the active rustup toolchain.
    Rustup,
    /// Debian's packages rustc-web and rust-web-src.
    Debian,
}

impl Compiler {
    /// An installed rustup target if there is one, else Debian's compiler.
    pub(crate) fn find(target: &str) -> Result<Self> {
        if has_rustup_target(target) {
            return Ok(Self::Rustup);
        }
        if has_debian_compiler() {
            return Ok(Self::Debian);
        }
        bail!(
            "no compiler for {target}: `rustup target add {target}`, or on Debian {}; `cargo xtask firmware --install` does the latter",
            install_command(&COMPILER)
        )
    }

    /// `cargo TASK --target TARGET` in `directory`, without `alloc` and `std` where the compiler allows.
    pub(crate) fn cargo(self, task: &str, target: &str, directory: &Path) -> Result<Command> {
        let mut command = cargo([task]);
        command.current_dir(directory);
        if self == Self::Rustup {
            command.args(["--target", target]);
        } else {
            command.arg("-Zjson-target-spec").arg("--target").arg(without_frame_pointers(target)?);
            command.arg("-Zbuild-std=core").arg("-Zbuild-std-features=optimize_for_size");
            // Else a word is copied in six instructions: these are what most of a payment's time goes to after the ciphers.
            command.args(["--config", "profile.release.package.compiler_builtins.opt-level=3"]);
            // The rounds of ChaCha20 are in line before they are compiled for size with what calls them, where each would be a call.
            command.args(["-Zprofile-rustflags", "--config", ROUNDS_IN_LINE]);
            // Another compiler than the host's: its output must not mix with that. The bootstrap variable is what
            // makes a stable compiler accept -Z.
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env(variable(target, "LINKER"), linker()?);
        }
        command.env("CARGO_TARGET_DIR", workspace::target("bare-metal"));
        // Panics name source files; shortened, so that the size does not depend on where the sources lie.
        let mut flags = shortened_paths()?;
        if target == "thumbv8m.main-none-eabihf" {
            flags.push_str(CORTEX_M33);
        }
        if self == Self::Debian {
            flags.push_str(SMALL);
        }
        command.env(variable(target, "RUSTFLAGS"), flags);
        Ok(command)
    }
}

/// Packages of Debian that the tests need and that are not there.
pub(crate) fn missing_packages(targets: impl IntoIterator<Item = &'static str>) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !succeeds(Command::new("qemu-system-arm").arg("--version")) {
        missing.push("qemu-system-arm");
    }
    if !targets.into_iter().all(has_rustup_target) && !has_debian_compiler() {
        missing.extend(COMPILER);
    }
    missing
}

/// Debian's packages with the compiler and the sources of `core`.
pub(crate) const COMPILER: [&str; 2] = ["rustc-web", "rust-web-src"];

/// What to type to get these packages.
pub(crate) fn install_command(packages: &[&str]) -> String {
    format!("`apt-get update && apt-get install -y --no-install-recommends {}`", packages.join(" "))
}

/// Installs the packages, after showing the commands.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let debian = Path::new("/etc/debian_version").exists();
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !debian || !root {
        bail!("--install works on Debian as root only; as root: {}", install_command(packages));
    }
    run(Command::new("apt-get").arg("update"))?;
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages))
}

/// Debian's compiler and the sources of its standard library are there.
pub(crate) fn has_debian_compiler() -> bool {
    Path::new(DEBIAN_RUSTC).exists() && Path::new("/usr/lib/rustlib/src/rust/library/core").exists()
}

/// The clippy that belongs to Debian's compiler is there.
pub(crate) fn has_debian_clippy() -> bool {
    Path::new(DEBIAN_CLIPPY).exists()
}

/// Where Debian's package rust-web-clippy puts it.
pub(crate) const DEBIAN_CLIPPY: &str = "/usr/bin/clippy-driver";

/// The one processor of this target that is built for: not all of them have the instructions for signal processing, UMAAL among them.
const CORTEX_M33: &str = " -Ctarget-cpu=cortex-m33";

/// A panic is a fault on the spot, reported by its program counter, without the texts and the formatting that would say more: a
/// sixth of the flash. `panic = "abort"` in the profile is what a stable toolchain, which does not take this, has instead.
const SMALL: &str = " -Zunstable-options -Cpanic=immediate-abort";

/// In the one crate that has them, by the compiler's own inlining before LLVM's, without a limit that they come near.
const ROUNDS_IN_LINE: &str = concat!(
    r#"profile.release.package.chacha20.rustflags=["-Zinline-mir=yes", "-Zinline-mir-threshold=50000", "#,
    r#""-Zinline-mir-hint-threshold=50000", "-Zinline-mir-forwarder-threshold=50000"]"#
);

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// The target of this name, in a file of that name, but for one thing: rustc has every function of a Cortex-M keep a frame pointer,
/// which takes a register and, of the kiosk, 8.5 KB of flash. A debugger finds frames without it.
fn without_frame_pointers(target: &str) -> Result<PathBuf> {
    let mut compiler = Command::new(DEBIAN_RUSTC);
    compiler.args(["-Zunstable-options", "--print", "target-spec-json", "--target", target]);
    let mut target_spec: Value = serde_json::from_str(&output(compiler.env("RUSTC_BOOTSTRAP", "1"))?)?;
    target_spec.as_object_mut().context("rustc's description of a target is no object")?.remove("frame-pointer");
    let directory = workspace::target("bare-metal");
    let path = directory.join(format!("{target}.json"));
    std::fs::create_dir_all(&directory)?;
    std::fs::write(&path, target_spec.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn has_rustup_target(target: &str) -> bool {
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]));
    installed.is_ok_and(|list| list.lines().any(|line| line == target))
}

/// rustup's toolchains bring a linker that knows all targets; Debian's package lld is another.
fn linker() -> Result<PathBuf> {
    let sysroot = output(Command::new("rustc").env_remove("RUSTC").args(["--print", "sysroot"]))?;
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    let bundled = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin/rust-lld");
    if bundled.exists() {
        return Ok(bundled);
    }
    if succeeds(Command::new("ld.lld").arg("--version")) {
        return Ok("ld.lld".into());
    }
    bail!("no linker: neither {} nor ld.lld (Debian package lld)", bundled.display())
}

fn shortened_paths() -> Result<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("no home directory")?;
    let root = workspace::root().canonicalize()?;
    Ok(format!(
        "--remap-path-prefix={}=registry --remap-path-prefix={}=.",
        home.join("registry/src").display(),
        root.display()
    ))
}

/// `CARGO_TARGET_<TRIPLE>_<NAME>`.
fn variable(target: &str, name: &str) -> String {
    format!("CARGO_TARGET_{}_{name}", target.to_uppercase().replace(['-', '.'], "_"))
}
