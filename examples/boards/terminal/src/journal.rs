//! Sales are remembered in flash.

use embedded_storage_async::nor_flash::NorFlash;
use transport_embassy::journal::{FlashJournal, JournalError};

use crate::memory::journal_addresses;

/// The journal in the region JOURNAL of memory.x; a blank one is formatted, as it would be in the factory. `base`: where the processor sees
/// the flash.
///
/// # Errors
/// [`JournalError`]: the flash stays as it is, and nothing is sold.
pub async fn journal<F: NorFlash, const SECTORS: usize>(
    flash: &'static mut F,
    base: usize,
) -> Result<FlashJournal<&'static mut F, SECTORS>, JournalError<F::Error>> {
    let addresses = journal_addresses();
    let range = (addresses.start - base) as u32..(addresses.end - base) as u32;
    match FlashJournal::<&mut F, SECTORS>::open(&mut *flash, range.clone()).await {
        Err(JournalError::Blank) => {}
        Err(error) => return Err(error),
        // Opened again below, as what was lent for this cannot be lent for longer.
        Ok(_) => return FlashJournal::open(flash, range).await,
    }
    FlashJournal::format(flash, range).await
}
