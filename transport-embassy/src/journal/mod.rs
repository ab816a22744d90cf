//! A journal in NOR flash: open sales outlive power cuts. No heap, no log-structured store.
//!
//! Each erase sector holds the images of one order, one after another. Before each image is a head, and the newest head says
//! everything: which image of each sector counts, and which sector is the *spare*, whose whole content is dead. An order whose
//! sector is full goes into the spare, and its head names its former sector as the new spare, so that becoming valid and becoming
//! dead are one act. Nothing but the spare is ever erased, and no word is written twice between two erases. `docs/journal.md` has
//! the format, the argument and the figures.
//!
//! ```
//! use embedded_storage_async::nor_flash::NorFlash;
//! use pay_core::drive::journal::Journal as _;
//! use transport_embassy::journal::{FlashJournal, JournalError};
//!
//! /// 36 KiB at the end of a flash of 1 MiB: nine sectors, eight open sales.
//! async fn resume<F: NorFlash>(flash: &mut F) -> Result<(), JournalError<F::Error>> {
//!     let range = 0xF_7000..0x10_0000;
//!     let mut journal: FlashJournal<_, 9> = match FlashJournal::open(&mut *flash, range.clone()).await {
//!         // A chip fresh from the factory. Every other error is for a person to look at.
//!         Err(JournalError::Blank) => FlashJournal::format(flash, range).await?,
//!         other => other?,
//!     };
//!     let mut after = None;
//!     while let Some(record) = journal.next_open(after.as_ref()).await? {
//!         // resume it with a driver, which stores what it learns
//!         after = Some(record.order_id);
//!     }
//!     Ok(())
//! }
//! ```

mod error;
mod flash_journal;
mod head;
mod image;
mod kept;
mod region;
mod scan;
mod slot;
mod tried;
mod view;

pub use error::{Geometry, JournalError};
pub use flash_journal::FlashJournal;
pub use image::Image;
