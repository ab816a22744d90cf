//! The flash of the model: a NOR of any word size, and the points in its writes and erases at which the power can go.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use transport_embassy::journal::{FlashJournal, JournalError};

use super::boot::Boot;
use super::explore::Kind;
use crate::nor::{Nor, NorError, block_on};

/// One more than the open sales it keeps: few, so that each boot reads little.
pub(super) const SECTORS: usize = 4;
/// Two slots in each: every second store of an order moves it to the spare sector.
const SECTOR: usize = 2_048;
/// Shapes of a torn erase that are tried.
const TORN_ERASES: u64 = 6;

/// The journal in it.
pub(super) type Journal<'b, 'e, const W: usize> = FlashJournal<Wire<'b, 'e, W>, SECTORS>;
pub(super) type Error = JournalError<NorError>;

macro_rules! flash {
    ($($name:ident $word:literal,)*) => {
        #[derive(Clone)]
        pub(super) enum Flash {
            $($name(Nor<$word, SECTOR>),)*
        }

        impl Flash {
            /// Freshly formatted.
            pub(super) fn new(word: usize, ecc: bool) -> Self {
                match word {
                    $($word => {
                        let mut nor = Nor::<$word, SECTOR>::new(SECTORS);
                        nor.ecc = ecc;
                        let formatted = block_on(FlashJournal::<_, SECTORS>::format(&mut nor, 0..SIZE));
                        assert!(formatted.is_ok(), "a blank flash can be formatted");
                        drop(formatted);
                        Self::$name(nor)
                    })*
                    _ => panic!("no flash has words of {word} bytes"),
                }
            }

            /// The power is back.
            pub(super) fn boot(&mut self, seed: u64) {
                match self { $(Self::$name(nor) => nor.boot(seed),)* }
            }

            /// Writes whole words; `torn`: the power goes in the first.
            pub(super) fn program(&mut self, at: u32, words: &[u8], torn: Option<u64>) -> Result<(), NorError> {
                match self { $(Self::$name(nor) => {
                    if let Some(seed) = torn { nor.cut_after(0, seed); }
                    block_on(nor.write(at, words))
                })* }
            }

            /// Erases one sector; `torn`: the power goes in it.
            pub(super) fn erase(&mut self, from: u32, to: u32, torn: Option<u64>) -> Result<(), NorError> {
                match self { $(Self::$name(nor) => {
                    if let Some(seed) = torn { nor.cut_after(0, seed); }
                    block_on(nor.erase(from, to))
                })* }
            }

            fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), NorError> {
                match self { $(Self::$name(nor) => block_on(nor.read(at, bytes)),)* }
            }
        }
    };
}

flash! {
    W1 1,
    W2 2,
    W4 4,
    W8 8,
    W16 16,
    W32 32,
}

/// Bytes of the whole journal.
pub(super) const SIZE: u32 = (SECTORS * SECTOR) as u32;

/// The bus between the terminal and its flash.
#[derive(Clone, Copy)]
pub(super) struct Wire<'b, 'e, const W: usize>(pub(super) &'b Boot<'e>);

impl<const W: usize> core::fmt::Debug for Wire<'_, '_, W> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Wire")
    }
}

impl<const W: usize> ErrorType for Wire<'_, '_, W> {
    type Error = NorError;
}

impl<const W: usize> ReadNorFlash for Wire<'_, '_, W> {
    const READ_SIZE: usize = W;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.0.outside.borrow_mut().flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        SECTORS * SECTOR
    }
}

impl<const W: usize> NorFlash for Wire<'_, '_, W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        for from in (from..to).step_by(SECTOR) {
            let to = from + SECTOR as u32;
            for shape in 0..TORN_ERASES {
                self.0.point_with(Kind::Erase, |outside, number| {
                    let _ = outside.flash.erase(from, to, Some(number ^ shape));
                });
            }
            self.0.outside.borrow_mut().flash.erase(from, to, None)?;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        if self.0.is_last() {
            return self.0.outside.borrow_mut().flash.program(offset, bytes, None);
        }
        let mut at = offset;
        for word in bytes.chunks(W) {
            self.0.point_with(Kind::Program, |outside, number| {
                let _ = outside.flash.program(at, word, Some(number));
            });
            self.0.outside.borrow_mut().flash.program(at, word, None)?;
            at += W as u32;
        }
        Ok(())
    }
}
