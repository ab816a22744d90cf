//! The little of DER (ITU-T X.690) that keys and signatures are made of.

/// One value with `tag`: its content, and what follows. Lengths of at most two bytes, in their shortest form.
pub(super) fn tlv(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = match *der {
        [t, len @ 0..=0x7f, ref rest @ ..] if t == tag => (len.into(), rest),
        [t, 0x81, len @ 0x80..=0xff, ref rest @ ..] if t == tag => (len.into(), rest),
        [t, 0x82, high @ 1..=0xff, low, ref rest @ ..] if t == tag => {
            (usize::from(u16::from_be_bytes([high, low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

/// A positive INTEGER in its shortest form, without the sign byte, and what follows.
pub(super) fn positive(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (value, rest) = tlv(0x02, der)?;
    let value = match *value {
        [0, ref value @ ..] if value.first().is_some_and(|b| *b >= 0x80) => value,
        [1..=0x7f, ..] => value,
        _ => return None,
    };
    Some((value, rest))
}

/// A SEQUENCE of two positive INTEGERs and nothing else.
pub(super) fn two_positive(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, rest) = tlv(0x30, der)?;
    let (first, sequence) = positive(sequence)?;
    let (second, end) = positive(sequence)?;
    (rest.is_empty() && end.is_empty()).then_some((first, second))
}
