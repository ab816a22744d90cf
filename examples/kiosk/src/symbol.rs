//! A QR symbol (ISO/IEC 18004) of bytes: versions 1 to 20, error correction M or better, one mask.

/// Modules in a row of the largest version.
const SIDE: usize = 97;
/// The largest version: 666 bytes of text at level M (table 7). Production links have about 200 bytes.
const LARGEST: usize = 20;
/// Codewords of the largest version, for data and for error correction.
const CODEWORDS: usize = 1085;
/// Codewords for error correction in a block, at most.
const CHECK: usize = 30;

/// A block's words for error correction, the first in the lowest byte: shifted and added four at a time.
type Check = [u32; 8];

/// Level of error correction: its bits in the format information, its codewords per block, its blocks, by version (table 9).
struct Level {
    bits: u32,
    check: [u8; LARGEST],
    blocks: [u8; LARGEST],
}

/// M, Q and H.
static LEVELS: [Level; 3] = [
    Level {
        bits: 0,
        check: [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26],
        blocks: [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16],
    },
    Level {
        bits: 3,
        check: [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30],
        blocks: [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20],
    },
    Level {
        bits: 2,
        check: [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28],
        blocks: [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25],
    },
];

/// The mask, by its number in the standard: every third column is inverted. A reader takes any; trying all eight for the one with the
/// fewest awkward patches takes 10 million instructions on a microcontroller. Of 400 made-up links this one was the best for seven
/// in eight, and its penalty never a seventh above the best one's.
const MASK: u32 = 2;

/// Modules, a bit each.
type Grid = [[u8; SIDE.div_ceil(8)]; SIDE];

/// A symbol: dark and light modules in a square.
pub(crate) struct Symbol {
    side: usize,
    dark: Grid,
}

impl Symbol {
    /// Draws the smallest symbol that holds the bytes, with the best error correction that has room in it, and hands it to `show`.
    /// `None`: they are too long.
    pub(crate) fn draw<R>(bytes: &[u8], show: impl FnOnce(&Self) -> R) -> Option<R> {
        let mut symbol = Self { side: 0, dark: [[0; _]; SIDE] };
        symbol.write(bytes)?;
        Some(show(&symbol))
    }

    /// Modules in a row; as many rows.
    pub(crate) fn side(&self) -> usize {
        self.side
    }

    /// Whether the module is dark; outside of the symbol none is.
    pub(crate) fn is_dark(&self, x: usize, y: usize) -> bool {
        bit(&self.dark, x, y)
    }

    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) -> Option<()> {
        let version = (1..=LARGEST).find(|version| LEVELS[0].holds(*version, bytes.len()))?;
        let level = LEVELS.iter().rev().find(|level| level.holds(version, bytes.len()))?;
        let mut words = [0; CODEWORDS];
        let blocks = Blocks::of(version, level);
        blocks.fill(&mut words, version, bytes);
        self.side = 4 * version + 17;
        let mut patterns = Patterns { side: self.side, dark: &mut self.dark, taken: [[0; _]; SIDE] };
        patterns.draw(version, level.bits);
        patterns.place(&blocks, &words);
        Some(())
    }
}

impl Level {
    fn check(&self, version: usize) -> usize {
        usize::from(self.check[version - 1])
    }

    fn blocks(&self, version: usize) -> usize {
        usize::from(self.blocks[version - 1])
    }

    /// Codewords for data.
    fn data(&self, version: usize) -> usize {
        codewords(version) - self.check(version) * self.blocks(version)
    }

    /// Whether as many bytes fit: with them go four bits that say that they are bytes, and how many.
    fn holds(&self, version: usize, bytes: usize) -> bool {
        4 + 8 * (count_bytes(version) + bytes) <= 8 * self.data(version)
    }
}

/// Bytes of the number of bytes.
fn count_bytes(version: usize) -> usize {
    if version < 10 { 1 } else { 2 }
}

/// Codewords of a version: what its patterns and its format leave.
fn codewords(version: usize) -> usize {
    let mut modules = (16 * version + 128) * version + 64;
    if version >= 2 {
        let centres = version / 7 + 2;
        modules -= (25 * centres - 10) * centres - 55;
    }
    if version >= 7 {
        modules -= 36;
    }
    modules / 8
}

/// How the codewords are divided: first all data, one block after the other, then each block's words for error correction.
struct Blocks {
    blocks: usize,
    /// Words for data in all blocks.
    data: usize,
    /// Words for data in a short block; the last ones have one more.
    short: usize,
    /// Short blocks.
    shorts: usize,
    /// Words for error correction in each.
    check: usize,
}

impl Blocks {
    fn of(version: usize, level: &Level) -> Self {
        let (blocks, data) = (level.blocks(version), level.data(version));
        Self { blocks, data, short: data / blocks, shorts: blocks - data % blocks, check: level.check(version) }
    }

    /// Writes the codewords.
    fn fill(&self, words: &mut [u8; CODEWORDS], version: usize, bytes: &[u8]) {
        let (data, check) = words.split_at_mut(self.data);
        // Everything is four bits off: the mode is four bits.
        let mut at = 0;
        let mut high = 0b0100;
        let mut put = |byte: u8| {
            if let Some(word) = data.get_mut(at) {
                *word = high << 4 | byte >> 4;
                high = byte & 0xF;
                at += 1;
            }
        };
        let [.., more, count] = bytes.len().to_be_bytes();
        if count_bytes(version) == 2 {
            put(more);
        }
        put(count);
        bytes.iter().for_each(|byte| put(*byte));
        // The end, and what the rest is filled with.
        put(0);
        let rest = data.get_mut(at..).unwrap_or_default();
        rest.iter_mut().zip([0xEC, 0x11].into_iter().cycle()).for_each(|(word, pad)| *word = pad);

        let multiples = multiples(self.check);
        let mut data = &*data;
        for (block, check) in check.chunks_exact_mut(self.check).take(self.blocks).enumerate() {
            let length = self.short + usize::from(block >= self.shorts);
            let Some((this, rest)) = data.split_at_checked(length) else { return };
            data = rest;
            let words = remainder(this, &multiples);
            let words = words.iter().flat_map(|word| word.to_le_bytes());
            check.iter_mut().zip(words).for_each(|(place, word)| *place = word);
        }
    }

    /// Where the word lies that is placed as the `at`-th: one of each block in turn.
    fn place(&self, at: usize) -> usize {
        match at.checked_sub(self.data) {
            Some(at) => self.data + at % self.blocks * self.check + at / self.blocks,
            None => {
                let (block, word) = match at.checked_sub(self.short * self.blocks) {
                    Some(long) => (self.shorts + long, self.short),
                    None => (at % self.blocks, at / self.blocks),
                };
                block * self.short + block.saturating_sub(self.shorts) + word
            }
        }
    }
}

/// The generator polynomial of this degree, times 1, x, x^2 ... x^7 of GF(2^8).
fn multiples(degree: usize) -> [Check; 8] {
    // The product of (x - 2^0), (x - 2^1) ..., without its highest coefficient.
    let mut generator = [0; CHECK];
    let generator = &mut generator[..degree];
    generator[degree - 1] = 1;
    let mut root = 1;
    for _ in 0..degree {
        for at in 0..degree {
            generator[at] = times(generator[at], root) ^ generator.get(at + 1).copied().unwrap_or_default();
        }
        root = double(root);
    }
    core::array::from_fn(|_| {
        let mut words = [0; 8];
        for (at, coefficient) in generator.iter_mut().enumerate() {
            words[at / 4] |= u32::from(*coefficient) << (at % 4 * 8);
            *coefficient = double(*coefficient);
        }
        words
    })
}

/// The words for error correction: what remains of the data, divided by the generator polynomial.
fn remainder(data: &[u8], multiples: &[Check; 8]) -> Check {
    let mut rest: Check = [0; 8];
    for byte in data {
        let [first, ..] = rest[0].to_le_bytes();
        let mut factor = first ^ byte;
        let mut carried = 0;
        for word in rest.iter_mut().rev() {
            (*word, carried) = (*word >> 8 | carried << 24, *word);
        }
        for multiple in multiples {
            if factor & 1 == 1 {
                rest.iter_mut().zip(multiple).for_each(|(word, more)| *word ^= more);
            }
            factor >>= 1;
        }
    }
    rest
}

/// The product in GF(2^8).
fn times(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product, bit| double(product) ^ (a * (b >> bit & 1)))
}

/// Twice this in GF(2^8), modulo x^8 + x^4 + x^3 + x^2 + 1.
fn double(a: u8) -> u8 {
    (a << 1) ^ ((a >> 7) * 0x1D)
}

/// A symbol that is being drawn.
struct Patterns<'a> {
    side: usize,
    dark: &'a mut Grid,
    /// Modules that hold no data.
    taken: Grid,
}

impl Patterns<'_> {
    /// Everything that is not data.
    fn draw(&mut self, version: usize, level: u32) {
        let last = self.side - 1;
        for at in 0..self.side {
            self.set(at, 6, at % 2 == 0);
            self.set(6, at, at % 2 == 0);
        }
        for (x, y) in [(3, 3), (last - 3, 3), (3, last - 3)] {
            self.square(x, y, 4);
        }
        if version > 1 {
            let between = version / 7 + 1;
            // Centres of the small squares: the first at 6, the others so far apart.
            let step = (version * 8 + (between + 1) * 3 + 5) / (between * 4) * 2;
            let centre = |index: usize| if index == 0 { 6 } else { self.side - 7 - step * (between - index) };
            let centres: [usize; 4] = core::array::from_fn(|index| if index <= between { centre(index) } else { 0 });
            for i in 0..=between {
                for j in 0..=between {
                    // Not on the three large ones.
                    if !matches!(
                        (i == 0, i == between, j == 0, j == between),
                        (true, _, true, _) | (true, _, _, true) | (_, true, true, _)
                    ) {
                        self.square(centres[i], centres[j], 2);
                    }
                }
            }
        }
        // The format, twice, and the module that is always dark.
        let format = level << 3 | MASK;
        let format = (format << 10 | check_bits(format, 10, 0x537)) ^ 0x5412;
        for at in 0..15 {
            let dark = format >> at & 1 == 1;
            // Column 8 downwards past the timing pattern, then row 8 to the left past it.
            let near = [0, 1, 2, 3, 4, 5, 7, 8, 7, 5, 4, 3, 2, 1, 0][at];
            if at < 8 {
                self.set(8, near, dark);
                self.set(last - at, 8, dark);
            } else {
                self.set(near, 8, dark);
                self.set(8, last + at - 14, dark);
            }
        }
        self.set(8, last - 7, true);
        if let Ok(number @ 7..) = u32::try_from(version) {
            let bits = number << 12 | check_bits(number, 12, 0x1F25);
            for at in 0..18 {
                let (far, near, dark) = (last - 10 + at % 3, at / 3, bits >> at & 1 == 1);
                self.set(far, near, dark);
                self.set(near, far, dark);
            }
        }
    }

    /// A square of rings around a module, alternately dark and light; of a large one (4), which may reach out, the last two are light.
    fn square(&mut self, x: usize, y: usize, reach: usize) {
        for row in (y + SIDE - reach)..=(y + SIDE + reach) {
            for column in (x + SIDE - reach)..=(x + SIDE + reach) {
                let ring = (x + SIDE).abs_diff(column).max((y + SIDE).abs_diff(row));
                if let (Some(x), Some(y)) = (column.checked_sub(SIDE), row.checked_sub(SIDE)) {
                    let dark = if reach == 4 { ring != 2 && ring != 4 } else { ring != 1 };
                    self.set(x, y, dark);
                }
            }
        }
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        if x < self.side && y < self.side {
            set(&mut self.taken, x, y, true);
            set(self.dark, x, y, dark);
        }
    }

    /// Places the codewords in what is left, two columns at a time from the right, upwards and downwards in turn, under the mask.
    fn place(&mut self, blocks: &Blocks, words: &[u8; CODEWORDS]) {
        let end = blocks.data + blocks.blocks * blocks.check;
        let mut at = 0;
        // The bits of the present word above a one; none left: 1.
        let mut bits = 1;
        for pair in 0..self.side / 2 {
            // The timing pattern's column 6 belongs to no pair.
            let right = self.side - 1 - 2 * pair;
            let right = if right <= 6 { right - 1 } else { right };
            for step in 0..self.side {
                let y = if pair % 2 == 0 { self.side - 1 - step } else { step };
                for x in [right, right - 1] {
                    if bit(&self.taken, x, y) {
                        continue;
                    }
                    if bits == 1 && at < end {
                        bits = 1 << 8 | u32::from(words[blocks.place(at)].reverse_bits());
                        at += 1;
                    }
                    // What no codeword is left for counts as zero.
                    let dark = bits > 1 && bits & 1 == 1;
                    bits = (bits >> 1).max(1);
                    set(self.dark, x, y, dark != (x % 3 == 0));
                }
            }
        }
    }
}

/// The remainder of a code word's first bits by this polynomial.
fn check_bits(value: u32, degree: u32, polynomial: u32) -> u32 {
    (0..degree).fold(value, |rest, _| (rest << 1) ^ ((rest >> (degree - 1)) * polynomial))
}

fn bit(grid: &Grid, x: usize, y: usize) -> bool {
    grid.get(y).and_then(|row| row.get(x / 8)).is_some_and(|byte| byte >> (x % 8) & 1 == 1)
}

fn set(grid: &mut Grid, x: usize, y: usize, dark: bool) {
    if let Some(byte) = grid.get_mut(y).and_then(|row| row.get_mut(x / 8)) {
        *byte = *byte & !(1 << (x % 8)) | u8::from(dark) << (x % 8);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use qrcodegen_no_heap::{Mask, QrCode, QrCodeEcc, Version};

    /// Module by module what another implementation draws with the same mask, for every length that fits: all versions, and each
    /// level of error correction. Mutants: the blocks of a level, the filling, the order of the blocks, the version's bits.
    #[test]
    fn another_implementation_draws_the_same() {
        let text: std::vec::Vec<u8> = (0..667u32).map(|at| b'a' + (at * at % 26) as u8).collect();
        for length in 1..=text.len() {
            let (mut scratch, mut other) = ([0; 4000], [0; 4000]);
            let text = core::str::from_utf8(&text[..length]).unwrap();
            let (smallest, largest) = (Version::MIN, Version::new(20));
            let mask = Some(Mask::new(2));
            let other =
                QrCode::encode_text(text, &mut scratch, &mut other, QrCodeEcc::Medium, smallest, largest, mask, true);
            let same = Symbol::draw(text.as_bytes(), |ours| {
                let other = other.as_ref().unwrap();
                assert_eq!(ours.side(), other.size() as usize, "{length}");
                for y in 0..=ours.side() {
                    for x in 0..=ours.side() {
                        let dark = other.get_module(x as i32, y as i32);
                        assert_eq!(ours.is_dark(x, y), dark, "{length} bytes: {x}, {y}");
                    }
                }
            });
            assert_eq!(same.is_some(), other.is_ok(), "{length}");
            assert_eq!(same.is_some(), length <= 666, "{length}");
        }
    }
}
