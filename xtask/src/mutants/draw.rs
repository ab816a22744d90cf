//! Some of the mutants, the same ones for the same number.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command::output;
use crate::workspace;

/// `count` of them, in the order of the table.
pub(super) fn draw<T>(mut from: Vec<T>, count: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    while from.len() > count {
        let at = next(&mut state) % from.len() as u64;
        from.remove(at as usize);
    }
    from
}

/// A number that is another one with each commit.
pub(super) fn commit() -> Result<u64> {
    let mut head = Command::new("git");
    let head = output(head.current_dir(workspace::root()).args(["rev-parse", "--short=8", "HEAD"]))?;
    u64::from_str_radix(head.trim(), 16).context("git rev-parse")
}

/// SplitMix64 (Steele, Lea, Flood 2014).
const fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_the_same_for_the_same_number() {
        let all: Vec<u8> = (0..90).collect();
        let drawn = draw(all.clone(), 20, 7);
        assert_eq!(drawn.len(), 20);
        assert!(drawn.is_sorted());
        assert_eq!(drawn, draw(all.clone(), 20, 7));
        assert_ne!(drawn, draw(all.clone(), 20, 8));
        assert_eq!(draw(all.clone(), 200, 1), all);
    }

    #[test]
    fn every_row_is_drawn_sooner_or_later() {
        let mut seen = [false; 90];
        for seed in 0..60 {
            for row in draw((0..90).collect::<Vec<usize>>(), 20, seed) {
                seen[row] = true;
            }
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}
