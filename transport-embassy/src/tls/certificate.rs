//! A server's certificates: how many it may send, and where the key lies in one.

/// Most certificates a server may send, its own included: two intermediates, a root and a cross-signed root beside it.
/// Public chains have two to four.
///
/// It is small on purpose. Path building tries every order of certificates that name each other as issuer before any
/// signature is looked at, so its work grows with the factorial of this number, for a peer that has proven nothing.
pub const MAX_CHAIN: usize = 5;

/// The SubjectPublicKeyInfo in a certificate that was parsed before (RFC 5280 section 4.1).
pub(super) fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = tlv(certificate)?;
    let (_, mut fields, _) = tlv(certificate)?;
    // [0] version (always there in v3), serial, signature, issuer, validity, subject.
    for _ in 0..6 {
        fields = tlv(fields)?.2;
    }
    Some(tlv(fields)?.0)
}

/// One DER value: the whole of it, its content, and what follows.
pub(super) fn tlv(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (header, len) = match *der {
        [_, len @ 0..=0x7f, ..] => (2, usize::from(len)),
        [_, 0x81, len, ..] => (3, usize::from(len)),
        [_, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        _ => return None,
    };
    let (whole, rest) = der.split_at_checked(header + len)?;
    Some((whole, &whole[header..], rest))
}
