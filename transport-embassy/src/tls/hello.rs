//! ClientHello and ServerHello (RFC 8446 sections 4.1 and 4.2): one version, one cipher suite, one group.

use rustls_pki_types::ServerName;

use super::TlsError;
use super::bytes::Bytes;
use super::signature;

const TLS_1_3: u16 = 0x0304;
const AES_128_GCM_SHA256: u16 = 0x1301;
const SECP256R1: u16 = 0x0017;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const SIGNATURE_ALGORITHMS: u16 = 13;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

/// The random of a ServerHello that is in truth a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// An uncompressed P-256 point.
pub(super) type Point = [u8; 65];

/// Writes a ClientHello message into `out`: its length.
pub(super) fn write_client_hello(
    out: &mut [u8],
    random: &[u8; 32],
    share: &Point,
    name: &ServerName<'_>,
) -> Result<usize, TlsError> {
    let mut out = Writer { out, len: 0 };
    out.bytes(&[1])?;
    out.vector::<3>(|out| {
        out.u16(0x0303)?;
        out.bytes(random)?;
        out.bytes(&[0])?; // no legacy session id: no middlebox mode
        out.vector::<2>(|out| out.u16(AES_128_GCM_SHA256))?;
        out.bytes(&[1, 0])?; // no compression
        out.vector::<2>(|out| write_extensions(out, share, name))
    })?;
    Ok(out.len)
}

/// Reads the body of a ServerHello: the server's key share.
pub(super) fn read_server_hello(body: &[u8]) -> Result<&Point, TlsError> {
    let mut hello = Bytes::new(body, "ServerHello");
    if hello.u16()? != 0x0303 {
        return Err(TlsError::Unsupported("version"));
    }
    if *hello.array::<32>()? == RETRY {
        // The only group was offered with its share: there is nothing left to retry with.
        return Err(TlsError::Unsupported("group (HelloRetryRequest)"));
    }
    let session_id = hello.vec8()?;
    let suite = hello.u16()?;
    let compression = hello.u8()?;
    // A server of TLS 1.2 gets as far as this, and is told apart by the missing extension.
    let (mut version, mut share, mut uninvited) = (None, None, false);
    if !hello.is_empty() {
        let mut extensions = hello.vec16()?;
        hello.end()?;
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let mut data = extensions.vec16()?;
            match kind {
                SUPPORTED_VERSIONS if version.is_none() => {
                    version = Some(data.u16()?);
                    data.end()?;
                }
                KEY_SHARE if share.is_none() => {
                    if data.u16()? != SECP256R1 {
                        return Err(TlsError::Unsupported("group"));
                    }
                    let mut point = data.vec16()?;
                    data.end()?;
                    share = Some(point.array()?);
                    point.end()?;
                }
                SUPPORTED_VERSIONS | KEY_SHARE => {
                    return Err(TlsError::Malformed("ServerHello"));
                }
                _ => uninvited = true,
            }
        }
    }
    if version != Some(TLS_1_3) {
        return Err(TlsError::Unsupported("version"));
    }
    if uninvited {
        return Err(TlsError::Unsupported("extension in ServerHello"));
    }
    if suite != AES_128_GCM_SHA256 {
        return Err(TlsError::Unsupported("cipher suite"));
    }
    if !session_id.is_empty() || compression != 0 {
        return Err(TlsError::Malformed("ServerHello"));
    }
    share.ok_or(TlsError::Malformed("ServerHello"))
}

/// Checks the body of EncryptedExtensions: nothing but answers to what was offered (RFC 8446 section 4.2).
pub(super) fn check_encrypted_extensions(body: &[u8]) -> Result<(), TlsError> {
    let mut message = Bytes::new(body, "EncryptedExtensions");
    let mut extensions = message.vec16()?;
    message.end()?;
    let (mut name_seen, mut groups_seen) = (false, false);
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let data = extensions.vec16()?;
        match kind {
            // The server says that it used the name, and nothing more (RFC 6066 section 3).
            SERVER_NAME if !name_seen && data.is_empty() => name_seen = true,
            SUPPORTED_GROUPS if !groups_seen => groups_seen = true,
            SERVER_NAME | SUPPORTED_GROUPS => return Err(TlsError::Malformed("EncryptedExtensions")),
            _ => return Err(TlsError::Unsupported("extension in EncryptedExtensions")),
        }
    }
    Ok(())
}

fn write_extensions(out: &mut Writer<'_>, share: &Point, name: &ServerName<'_>) -> Result<(), TlsError> {
    // An IP address is not sent (RFC 6066 section 3).
    if let ServerName::DnsName(name) = name {
        out.u16(SERVER_NAME)?;
        out.vector::<2>(|out| {
            out.vector::<2>(|out| {
                out.bytes(&[0])?;
                out.vector::<2>(|out| out.bytes(name.as_ref().as_bytes()))
            })
        })?;
    }
    out.u16(SUPPORTED_GROUPS)?;
    out.vector::<2>(|out| out.vector::<2>(|out| out.u16(SECP256R1)))?;
    out.u16(SIGNATURE_ALGORITHMS)?;
    out.vector::<2>(|out| out.vector::<2>(|out| signature::SCHEMES.iter().try_for_each(|s| out.u16(*s))))?;
    out.u16(SUPPORTED_VERSIONS)?;
    out.vector::<2>(|out| out.vector::<1>(|out| out.u16(TLS_1_3)))?;
    out.u16(KEY_SHARE)?;
    out.vector::<2>(|out| {
        out.vector::<2>(|out| {
            out.u16(SECP256R1)?;
            out.vector::<2>(|out| out.bytes(share))
        })
    })
}

/// Writes nested vectors; the lengths are filled in afterwards.
struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), TlsError> {
        let end = self.len + bytes.len();
        self.out.get_mut(self.len..end).ok_or(TlsError::BufferTooSmall { needed: end })?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    fn u16(&mut self, value: u16) -> Result<(), TlsError> {
        self.bytes(&value.to_be_bytes())
    }

    /// A vector whose length takes `N` bytes. Nothing written here comes near that limit.
    fn vector<const N: usize>(
        &mut self,
        content: impl FnOnce(&mut Self) -> Result<(), TlsError>,
    ) -> Result<(), TlsError> {
        let start = self.len;
        self.bytes(&[0; N])?;
        content(self)?;
        let len = ((self.len - start - N) as u32).to_be_bytes();
        self.out[start..start + N].copy_from_slice(&len[4 - N..]);
        Ok(())
    }
}
