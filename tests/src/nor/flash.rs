//! The flash itself.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

use super::power::{Fault, Pace};
use super::run::pause;

/// A flash with words of `W` bytes (read and written whole) and sectors of `E` bytes.
#[derive(Clone, Debug)]
pub struct Nor<const W: usize, const E: usize> {
    bytes: Vec<u8>,
    /// One for each word.
    state: Vec<State>,
    pub(super) torn: Vec<Torn<W>>,
    /// A torn word reads as an error until it is erased.
    pub ecc: bool,
    /// Whether futures wait.
    pub pace: Pace,
    /// Reads that fail, however often they are tried: words.
    pub unreadable: Vec<usize>,
    /// Words that take nothing any more: a write of one fails.
    pub stuck: Vec<usize>,
    /// Words written and sectors erased so far.
    pub ops: u64,
    /// Erases of each sector.
    pub erases: Vec<u64>,
    /// Bytes written to each sector.
    pub written: Vec<u64>,
    pub(super) fuse: Option<u64>,
    /// Words, and how many writes of them are still let through.
    pub(super) mines: Option<(Vec<usize>, u64)>,
    pub(super) fault: Option<(u64, Fault)>,
    pub(super) seed: u64,
    pub(super) dead: bool,
}

/// What the flash reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NorError {
    /// The power is off.
    PowerCut,
    /// A torn word of an ECC flash, or a [`Fault`].
    Failed,
    /// Outside of the flash, or not in whole words.
    Misuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Erased,
    Written,
    /// In `torn`.
    Torn,
}

/// A word that a power cut caught.
#[derive(Clone, Copy, Debug)]
pub(super) struct Torn<const W: usize> {
    word: usize,
    /// Bytes before and as they should have become, one after the other.
    before: [u8; W],
    target: [u8; W],
    by_erase: bool,
    /// Reads as an error, now.
    error: bool,
}

impl<const W: usize, const E: usize> Nor<W, E> {
    /// A blank flash of so many sectors.
    pub fn new(sectors: usize) -> Self {
        assert!(W.is_power_of_two() && E.is_multiple_of(W));
        Self::from_bytes(vec![0xFF; sectors * E])
    }

    /// A flash that holds `bytes`, whole sectors, each word as if written in full unless it is blank.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        let sectors = bytes.len() / E;
        assert_eq!(bytes.len(), sectors * E);
        let blank = |word: &[u8]| word.iter().all(|byte| *byte == 0xFF);
        let state = bytes.chunks(W).map(|word| if blank(word) { State::Erased } else { State::Written }).collect();
        Self {
            bytes,
            state,
            torn: Vec::new(),
            ecc: false,
            pace: Pace::Ready,
            unreadable: Vec::new(),
            stuck: Vec::new(),
            ops: 0,
            erases: vec![0; sectors],
            written: vec![0; sectors],
            fuse: None,
            mines: None,
            fault: None,
            seed: 0,
            dead: false,
        }
    }

    /// What it reads as.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Changes a bit without a trace, as age does.
    pub fn decay(&mut self, byte: usize, mask: u8) {
        self.bytes[byte] ^= mask;
    }

    fn write_word(&mut self, word: usize, value: &[u8; W]) -> Result<(), NorError> {
        if self.stuck.contains(&word) {
            return Err(NorError::Failed);
        }
        let torn = self.torn_index(word);
        match (self.state[word], torn) {
            (State::Erased, _) => {}
            // A cut may leave a word reading blank. Writing the same once more is harmless, and a driver cannot know.
            (State::Torn, Some(index)) if !self.torn[index].by_erase && self.torn[index].target == *value => {}
            (state, _) => panic!("word {word} ({state:?}) is written again: {value:x?}"),
        }
        self.written[word * W / E] += W as u64;
        self.tread(word);
        let fault = match self.spend() {
            Ok(fault) => fault,
            Err(error) => {
                if torn.is_none() {
                    let before = self.word(word);
                    self.torn.push(Torn { word, before, target: *value, by_erase: false, error: false });
                    self.state[word] = State::Torn;
                }
                return Err(error);
            }
        };
        if fault == Some(Fault::Refuse) {
            return Err(NorError::Failed);
        }
        if let Some(index) = torn {
            self.torn.remove(index);
        }
        self.state[word] = State::Written;
        self.bytes[word * W..][..W].copy_from_slice(value);
        match fault {
            Some(Fault::Flip) => {
                let at = word * W + self.random() as usize % W;
                self.bytes[at] ^= 1 << (self.random() % 8);
                Ok(())
            }
            Some(_) => Err(NorError::Failed),
            None => Ok(()),
        }
    }

    fn erase_sector(&mut self, sector: usize) -> Result<(), NorError> {
        if self.dead {
            return Err(NorError::PowerCut);
        }
        let words = sector * E / W..(sector + 1) * E / W;
        self.erases[sector] += 1;
        match self.spend() {
            Ok(Some(Fault::Refuse)) => return Err(NorError::Failed),
            Ok(fault) => {
                self.torn.retain(|torn| !words.contains(&torn.word));
                self.state[words.clone()].fill(State::Erased);
                self.bytes[sector * E..][..E].fill(0xFF);
                return match fault {
                    Some(Fault::Flip) => {
                        let word = words.start + self.random() as usize % words.len();
                        self.bytes[word * W] = 0x7F;
                        self.state[word] = State::Written;
                        Ok(())
                    }
                    Some(_) => Err(NorError::Failed),
                    None => Ok(()),
                };
            }
            Err(_) => {}
        }
        // Some words are erased for good, some have not been touched, the rest are anything from boot to boot.
        let shape = self.random() % 5;
        let edge = words.start + self.random() as usize % words.len();
        for word in words {
            let pick = match shape {
                0 => 0, // nothing happened yet
                1 => 2 * u64::from(word < edge),
                2 => 2 * u64::from(word >= edge),
                3 => 1 + self.random() % 2, // nearly done: blank or weak
                _ => self.random() % 3,
            };
            if pick == 0 {
                continue;
            }
            let index = self.torn_index(word);
            if pick == 2 {
                // Weak all the same: it must be erased again.
                self.bytes[word * W..][..W].fill(0xFF);
            }
            let before = self.word(word);
            let torn = Torn { word, before, target: [0xFF; W], by_erase: true, error: false };
            match index {
                Some(index) => self.torn[index] = torn,
                None => self.torn.push(torn),
            }
            self.state[word] = State::Torn;
        }
        Err(NorError::PowerCut)
    }

    /// What a torn word reads as until the next boot.
    pub(super) fn settle_word(&mut self, index: usize) {
        let roll = self.random();
        let noise = self.random().to_le_bytes();
        let at = self.torn[index].word * W;
        let torn = &mut self.torn[index];
        torn.error = self.ecc && !roll.is_multiple_of(4) && torn.before != torn.target;
        let kind = (roll >> 8) % if self.ecc { 2 } else { 4 };
        for offset in 0..W {
            let (before, target) = (torn.before[offset], torn.target[offset]);
            let noise = noise[offset % 8].rotate_left(offset as u32 / 8);
            self.bytes[at + offset] = match kind {
                0 => before,
                1 => target,
                2 => before & !noise | target & noise,
                // The first bytes of a word went through.
                _ if offset < roll as usize % W => target,
                _ => before & !noise | target & noise,
            };
        }
    }

    fn word(&self, word: usize) -> [u8; W] {
        self.bytes[word * W..][..W].try_into().expect("a word")
    }

    fn torn_index(&self, word: usize) -> Option<usize> {
        let torn = self.state[word] == State::Torn;
        torn.then(|| self.torn.iter().position(|torn| torn.word == word).expect("it is in the list"))
    }

    fn words(offset: u32, len: usize) -> Result<core::ops::Range<usize>, NorError> {
        let offset = offset as usize;
        if offset.is_multiple_of(W) && len.is_multiple_of(W) {
            Ok(offset / W..(offset + len) / W)
        } else {
            Err(NorError::Misuse)
        }
    }
}

impl NorFlashError for NorError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const W: usize, const E: usize> ErrorType for Nor<W, E> {
    type Error = NorError;
}

impl<const W: usize, const E: usize> ReadNorFlash for Nor<W, E> {
    const READ_SIZE: usize = W;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        pause(self.pace).await;
        let words = Self::words(offset, bytes.len()).expect("reads are aligned");
        if self.dead {
            return Err(NorError::PowerCut);
        }
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        let torn = self.ecc && self.torn.iter().any(|torn| torn.error && words.contains(&torn.word));
        if torn || self.unreadable.iter().any(|word| words.contains(word)) {
            bytes.fill(0xA5);
            return Err(NorError::Failed);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const W: usize, const E: usize> NorFlash for Nor<W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        pause(self.pace).await;
        let (from, to) = (from as usize, to as usize);
        assert!(from.is_multiple_of(E) && to.is_multiple_of(E) && from < to, "erases are aligned");
        for sector in from / E..to / E {
            self.erase_sector(sector)?;
        }
        pause(self.pace).await;
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        pause(self.pace).await;
        let words = Self::words(offset, bytes.len()).expect("writes are aligned");
        let middle = words.start + words.len() / 2;
        for (word, value) in words.zip(bytes.chunks(W)) {
            if word == middle {
                pause(self.pace).await;
            }
            self.write_word(word, value.try_into().expect("whole words"))?;
        }
        pause(self.pace).await;
        Ok(())
    }
}
