//! The kiosk's flash and its goods, as files of the host.

use core::convert::Infallible;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::path::{Path, PathBuf};

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use pay_core::OrderId;
use pay_core::sale::Record;
use transport_embassy::journal::FlashJournal;

use super::guest::scratch;

/// A flash of nine sectors of 4 KiB, and the machine that hands out goods. The files go when it is dropped.
pub(crate) struct Chip {
    flash: PathBuf,
    secret: PathBuf,
    goods: PathBuf,
}

impl Chip {
    /// Fresh from the factory.
    pub(crate) fn blank() -> Self {
        Self::with(&[0xFF; SECTORS * SECTOR])
    }

    pub(crate) fn with(content: &[u8]) -> Self {
        let chip = Self { flash: scratch("flash"), secret: scratch("secret"), goods: scratch("goods") };
        std::fs::write(&chip.flash, content).unwrap();
        std::fs::write(&chip.secret, [0x5E; 32]).unwrap();
        chip
    }

    /// The words that give it to a kiosk.
    pub(crate) fn words(&self) -> Vec<String> {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let files = [("--flash", &self.flash), ("--secret-file", &self.secret), ("--goods", &self.goods)];
        files.into_iter().flat_map(|(name, file)| [name.into(), path(file)]).collect()
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        std::fs::read(&self.flash).unwrap()
    }

    /// What a kiosk would find in it for this order. The file stays as it is.
    #[track_caller]
    pub(crate) fn record(&self, order: &str) -> Option<Record> {
        let flash = Copied(self.content());
        let all = 0..u32::try_from(flash.0.len()).unwrap();
        let mut journal: FlashJournal<_, SECTORS> = now(FlashJournal::open(flash, all)).expect("a journal");
        now(journal.find(&OrderId::parse(order).unwrap())).unwrap()
    }

    /// How often the goods of this order went out.
    pub(crate) fn goods(&self, order: &str) -> usize {
        std::fs::read_to_string(&self.goods).unwrap_or_default().lines().filter(|line| *line == order).count()
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.flash);
        let _ = std::fs::remove_file(&self.secret);
        let _ = std::fs::remove_file(&self.goods);
    }
}

const SECTORS: usize = 9;
const SECTOR: usize = 4096;

/// A copy of the flash, to be read by the journal, which may write to it.
struct Copied(Vec<u8>);

impl ErrorType for Copied {
    type Error = Infallible;
}

impl ReadNorFlash for Copied {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Copied {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        self.0[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        self.0[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// Nothing in memory ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory that waits"),
    }
}
