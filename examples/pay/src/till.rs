//! The till: its folder, its memory, and what may be said of how it ended.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use etcetera::BaseStrategy;
use pay_core::drive::MemoryJournal;
use pay_core::model::DeviceSecret;
use pay_core::sale::{Buffers, Outcome};
use pay_core::till::{Device, Terms, TillError, Trouble, blocking};
use transport_std::{FileJournal, HttpsTransport};

use super::cli::Folder;
use super::ear::Ear;
use super::entropy::random;
use super::gateway::Gateway;
use super::patience;

/// A till over HTTPS.
pub(super) type Till<'b, J> = blocking::Till<'b, HttpsTransport, HttpsTransport, J, Ear>;

/// The two buffers of a till. The longest answer to a payment has about 10 KB; lists have no end of their own.
pub(super) struct Memory {
    tx: Vec<u8>,
    rx: Vec<u8>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { tx: vec![0; 4 * 1024], rx: vec![0; 128 * 1024] }
    }
}

/// The folder that the options name.
pub(super) fn device(folder: &Folder) -> anyhow::Result<Device<FileJournal>> {
    let path = path(folder)?;
    transport_std::Device::open(&path).with_context(|| path.display().to_string())
}

/// Where it is.
pub(super) fn path(folder: &Folder) -> anyhow::Result<PathBuf> {
    if let Some(path) = &folder.path {
        return Ok(path.clone());
    }
    let base = etcetera::choose_base_strategy().map_err(|_| anyhow!("there is no home directory: give --till"))?;
    Ok(base.data_dir().join("pay"))
}

/// A till that remembers nothing: for what has no sale.
pub(super) fn scratch() -> anyhow::Result<Device<MemoryJournal<1>>> {
    let secret = DeviceSecret::new(random()?);
    Ok(Device { secret, journal: MemoryJournal::new(), incarnation: u64::from_be_bytes(random()?), epoch: 0 })
}

/// Switches a till on.
pub(super) fn open<'b, J>(
    gateway: &Gateway,
    device: Device<J>,
    terms: Terms,
    memory: &'b mut Memory,
    ear: &Ear,
) -> anyhow::Result<Till<'b, J>> {
    patience::wait_in_order();
    let buffers = Buffers { tx: &mut memory.tx, rx: &mut memory.rx };
    Ok(blocking::Till::new(gateway.routes()?, device, terms, random()?, buffers, ear.clone()))
}

/// A sale that is over has an outcome, however it was come by; everything else is a local error.
pub(super) fn outcome<E: core::error::Error + Send + Sync + 'static>(
    result: Result<Outcome, TillError<E>>,
) -> anyhow::Result<Outcome> {
    match result {
        Ok(outcome) | Err(TillError::Trouble(Trouble::Over(outcome))) => Ok(outcome),
        Err(error) => Err(anyhow!("Nothing was sent: {error}")),
    }
}
