//! ASCII, four characters at once: a small core has no wider registers, and a large one looks at many words at once.

/// Whether all of it is ASCII that `passes` says yes to, by the top bits of the bytes of a word. `filler` passes.
pub(crate) fn all(text: &[u8], filler: u8, passes: impl Fn(u32) -> u32) -> bool {
    let words = text.chunks_exact(4);
    let mut last = [filler; 4];
    last.iter_mut().zip(words.remainder()).for_each(|(to, from)| *to = *from);
    let check = |all: u32, word: [u8; 4]| {
        let word = u32::from_ne_bytes(word);
        // What a byte above 0x7f does to the others is of no interest: it is refused for itself.
        all & passes(word) & !word
    };
    // Without an early exit, so that a large core can do so.
    let words = words.map(|word| word.first_chunk().copied().unwrap_or_default());
    words.fold(check(TOPS, last), check) & TOPS == TOPS
}

/// Top bits of the bytes that are not `byte`, among bytes below 0x80. The other bits say nothing.
pub(crate) const fn other_than(word: u32, byte: u8) -> u32 {
    (word ^ u32::from_ne_bytes([byte; 4])).wrapping_add(!TOPS)
}

/// Top bits of the bytes from `first` to `last`, among bytes below 0x80. The other bits say nothing.
pub(crate) const fn within(word: u32, first: u8, last: u8) -> u32 {
    // Bytes below 0x80 add up to less than 0x100, so none carries into the next.
    word.wrapping_add(u32::from_ne_bytes([0x80 - first; 4])) & !word.wrapping_add(u32::from_ne_bytes([0x7f - last; 4]))
}

const TOPS: u32 = u32::from_ne_bytes([0x80; 4]);

/// Whether these are hexadecimal digits.
pub(crate) const fn are_hex(digits: [u8; 4]) -> bool {
    let word = u32::from_ne_bytes(digits);
    let letters = within(word | u32::from_ne_bytes([0x20; 4]), b'a', b'f');
    (letters | within(word, b'0', b'9')) & !word & TOPS == TOPS
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each byte at each place, beside neighbours of each kind. Meant to notice: `!word` left out; `b'g'` for `b'f'`.
    #[test]
    fn hexadecimal_digits_and_nothing_else() {
        for byte in 0..=255_u8 {
            for place in 0..4 {
                for around in [b'0', b'9', b'a', b'F'] {
                    let mut digits = [around; 4];
                    digits[place] = byte;
                    assert_eq!(are_hex(digits), byte.is_ascii_hexdigit(), "{byte:#x} at {place}");
                }
            }
        }
    }
}
