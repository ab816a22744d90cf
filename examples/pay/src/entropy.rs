//! Random bytes and time, which `pay-core` takes as arguments.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use anyhow::anyhow;
use pay_core::model::UnixSeconds;
use pay_core::sale::Millis;

/// Fresh random bytes.
pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| anyhow!("the operating system gives no random bytes"))?;
    Ok(bytes)
}

/// Milliseconds since the first call.
pub(super) fn now() -> Millis {
    static START: OnceLock<Instant> = OnceLock::new();
    let passed = START.get_or_init(Instant::now).elapsed().as_millis();
    Millis(u64::try_from(passed).unwrap_or(u64::MAX))
}

/// The wall clock.
pub(super) fn unix_now() -> UnixSeconds {
    UnixSeconds(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs())
}
