//! Puts memory.x and the machine's regions.x where the linker looks and names the linker scripts.
//! Done here and not by rustflags, because a RUSTFLAGS in the environment would replace those.

use std::{env, fs, path::PathBuf};

/// Each is a feature and a directory of `machines`.
const MACHINES: [&str; 4] = ["mps2-an386", "mps2-an500", "mps2-an505", "microbit"];

fn main() {
    let is_on = |name: &&str| env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase().replace('-', "_"))).is_some();
    let chosen: Vec<_> = MACHINES.into_iter().filter(is_on).collect();
    let [machine] = chosen[..] else {
        panic!("one feature of {MACHINES:?} says which machine it is for, not {chosen:?}")
    };
    let regions = format!("machines/{machine}/regions.x");

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy("memory.x", out.join("memory.x")).expect("memory.x is next to Cargo.toml");
    fs::copy(&regions, out.join("regions.x")).expect("each machine has its regions.x");
    // Names of interrupt handlers, of which there are none: `board.rs` has the table.
    fs::write(out.join("device.x"), "").expect("OUT_DIR can be written to");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rerun-if-changed={regions}");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Without it the linker pads the image to pages.
    println!("cargo::rustc-link-arg-bins=--nmagic");
    // Functions of the same code are there once; nothing compares their addresses.
    println!("cargo::rustc-link-arg-bins=--icf=all");
}
