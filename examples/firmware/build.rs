//! Puts memory.x where the linker looks and names the linker scripts.
//! Done here and not by rustflags, because a RUSTFLAGS in the environment would replace those.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy("memory.x", out.join("memory.x")).expect("memory.x is next to Cargo.toml");
    // Names of interrupt handlers, of which there are none: `board.rs` has the table.
    fs::write(out.join("device.x"), "").expect("OUT_DIR can be written to");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Without it the linker pads the image to pages.
    println!("cargo::rustc-link-arg-bins=--nmagic");
    // Functions of the same code are there once; nothing compares their addresses.
    println!("cargo::rustc-link-arg-bins=--icf=all");
}
