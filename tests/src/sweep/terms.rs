//! What the merchant decided for a case, and what a device is made of.

use pay_core::model::{DeviceSecret, Environment, Text};
use pay_core::sale::{Limits, Policy, Refunds};
use pay_core::till::{Life, Terms, Unclaimed};

use super::case::{Case, Mode};

/// The terms of a terminal in its `boot`-th life.
pub(super) fn terms(case: &Case, boot: u32) -> Terms {
    let world = &case.story.world;
    let mut policy = if case.mode == Mode::Blind { Policy::session_only() } else { Policy::with_ask() };
    (policy.deadline_ms, policy.ask_ms) =
        if case.story.scenario().is_none() { (45_000, 5_000) } else { (75_000, 6_000) };
    policy.release = true;
    policy.after_cut = case.after_cut();
    policy.repeat_charging = world.bold && case.mode == Mode::Keys;
    policy.refunds = match case.mode {
        Mode::Keys if world.changes && boot % 2 == 1 => Refunds::ByCaller,
        Mode::Kiosk | Mode::Relayed if world.changes && boot % 2 == 1 => Refunds::ByCaller,
        Mode::Keys => Refunds::ByKeys,
        Mode::Kiosk | Mode::Relayed => Refunds::ByBackend,
        Mode::Blind => Refunds::ByCaller,
    };
    let mut terms = Terms::new(Environment::Sandbox, policy);
    terms.limits = Limits { open: 20, total_minor: u64::MAX, oldest_s: u64::MAX };
    terms.unclaimed = if case.returns_unclaimed() { Unclaimed::Return } else { Unclaimed::Keep };
    terms.name = Text::cut("till-1");
    terms
}

/// A terminal that was just switched on. `device`: which of the case's.
pub(super) fn life(case: &Case, boot: u32, device: u64, incarnation: u64) -> Life {
    let secret = if case.story.world.changes { 7 + boot as u8 } else { 7 };
    let mut seed = [0; 32];
    for (place, part) in seed.chunks_mut(8).enumerate() {
        part.copy_from_slice(&case.number(1_000 * (device + 1) + 10 * u64::from(boot) + place as u64).to_be_bytes());
    }
    Life::new(terms(case, boot), DeviceSecret::new([secret + 100 * device as u8; 32]), incarnation, 0, seed)
}
