//! AEAD_CHACHA20_POLY1305 (RFC 8439 section 2.8) of the two functions that it is made of. The crate that joins them brings the rounds
//! twice, for whole blocks and for the last one.

use chacha20::ChaChaCore;
use chacha20::cipher::consts::U10;
use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a tag.
const TAG: usize = 16;

/// The cipher, whose key is wiped when it is dropped.
pub(super) type Cipher = ChaChaCore<U10>;

/// Encrypts `body` in place and gives its tag.
pub(super) fn seal(key: &[u8; KEY], nonce: [u8; 12], header: &[u8], body: &mut [u8]) -> [u8; TAG] {
    let (mut cipher, mac) = begin(key, nonce, header);
    apply(&mut cipher, body);
    tag(mac, header, body)
}

/// Decrypts `body` in place, if the tag is right.
pub(super) fn open(
    key: &[u8; KEY],
    nonce: [u8; 12],
    header: &[u8],
    body: &mut [u8],
    expected: &[u8; TAG],
) -> Option<()> {
    let (mut cipher, mac) = begin(key, nonce, header);
    let right = tag(mac, header, body).ct_eq(expected).into();
    if right {
        apply(&mut cipher, body);
    }
    right.then_some(())
}

/// The first block of the key stream is the key of the tag, which is over the header first.
fn begin(key: &[u8; KEY], nonce: [u8; 12], header: &[u8]) -> (Cipher, Poly1305) {
    let mut cipher = Cipher::new(key.into(), &nonce.into());
    let block = next(&mut cipher);
    let mut mac = Poly1305::new(block[..32].into());
    mac.update_padded(header);
    (cipher, mac)
}

/// Bytes of the key stream that are made at once.
const BLOCK: usize = 64;

/// The next block of the key stream. A record is far from having 2^32 of them.
fn next(cipher: &mut Cipher) -> Zeroizing<[u8; BLOCK]> {
    let mut block = Zeroizing::new([0; BLOCK]);
    cipher.write_keystream_block((&mut *block).into());
    block
}

/// Adds the key stream to `body`.
fn apply(cipher: &mut Cipher, body: &mut [u8]) {
    for part in body.chunks_mut(BLOCK) {
        let block = next(cipher);
        let ((words, rest), (keys, _)) = (part.as_chunks_mut(), block.as_chunks());
        let rest_at = BLOCK.min(4 * words.len());
        for (word, key) in words.iter_mut().zip(keys) {
            *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(*key)).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(&block[rest_at..]) {
            *byte ^= key;
        }
    }
}

fn tag(mut mac: Poly1305, header: &[u8], body: &[u8]) -> [u8; TAG] {
    mac.update_padded(body);
    let lengths = (body.len() as u128) << 64 | header.len() as u128;
    mac.update(&[lengths.to_le_bytes().into()]);
    mac.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the joined crate has it, for every length of the last block and for the lengths around whole ones; a changed tag is refused and
    /// leaves the body. Meant to notice: rest bytes with the key of the first ones; lengths in the other order; no padding of the header.
    #[test]
    fn as_the_whole_cipher() {
        use chacha20poly1305::aead::{AeadInPlace, KeyInit};
        let (key, nonce) = (core::array::from_fn(|at| at as u8), [7; 12]);
        let whole = chacha20poly1305::ChaCha20Poly1305::new(&key.into());
        for header in [&[][..], &[1, 2, 3, 4, 5], &[9; 16]] {
            for len in (0..200).chain([1023, 1024, 1025]) {
                let clear: [u8; 1025] = core::array::from_fn(|at| (at * 7) as u8);
                let (mut body, mut expected) = (clear, clear);
                let (body, expected) = (&mut body[..len], &mut expected[..len]);
                let expected_tag = whole.encrypt_in_place_detached(&nonce.into(), header, expected).unwrap();
                let mut tag = seal(&key, nonce, header, body);
                assert_eq!((&*body, &tag[..]), (&*expected, &expected_tag[..]), "{len}");
                tag[15] ^= 1;
                assert_eq!(open(&key, nonce, header, body, &tag), None);
                assert_eq!(body, expected);
                tag[15] ^= 1;
                assert_eq!(open(&key, nonce, header, body, &tag), Some(()));
                assert_eq!(body, &clear[..len]);
            }
        }
    }
}
