//! ClientHello, and what a server may answer: ServerHello or HelloRetryRequest (RFC 8446 sections 4.1 and 4.2).

use rustls_pki_types::ServerName;

use super::TlsError;
use super::bytes::Bytes;
use super::group::{Group, Share};
use super::signature;
use super::suite::Suite;

const TLS_1_3: u16 = 0x0304;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const SIGNATURE_ALGORITHMS: u16 = 13;
const SUPPORTED_VERSIONS: u16 = 43;
const COOKIE: u16 = 44;
const KEY_SHARE: u16 = 51;

/// The random of a ServerHello that is in truth a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a ClientHello says besides what it always says. A second one, after a HelloRetryRequest, differs in share and cookie.
pub(super) struct ClientHello<'a> {
    pub(super) random: &'a [u8; 32],
    /// Of no meaning in TLS 1.3, but boxes on the way that know TLS 1.2 only let it through (RFC 8446 appendix D.4).
    pub(super) session_id: &'a [u8; 32],
    pub(super) name: &'a ServerName<'a>,
    pub(super) group: Group,
    pub(super) share: &'a Share,
    /// What a HelloRetryRequest wants to have back.
    pub(super) cookie: Option<&'a [u8]>,
}

/// What a HelloRetryRequest wants to have changed: at least one of group and cookie.
pub(super) struct Retry<'a> {
    pub(super) suite: Suite,
    /// Another group than that of the share that was sent.
    pub(super) group: Option<Group>,
    pub(super) cookie: Option<&'a [u8]>,
}

impl ClientHello<'_> {
    /// Writes the message into `out`, which lies behind `before` bytes in its buffer: its length.
    pub(super) fn write(&self, out: &mut [u8], before: usize) -> Result<usize, TlsError> {
        let mut out = Writer { out, len: 0, before };
        out.bytes(&[1])?;
        out.vector::<3>(|out| {
            out.u16(0x0303)?;
            out.bytes(self.random)?;
            out.vector::<1>(|out| out.bytes(self.session_id))?;
            out.vector::<2>(|out| Suite::OFFERED.iter().try_for_each(|suite| out.u16(suite.code())))?;
            out.bytes(&[1, 0])?; // no compression
            out.vector::<2>(|out| self.write_extensions(out))
        })?;
        Ok(out.len)
    }

    fn write_extensions(&self, out: &mut Writer<'_>) -> Result<(), TlsError> {
        // An IP address is not sent (RFC 6066 section 3).
        if let ServerName::DnsName(name) = self.name {
            out.u16(SERVER_NAME)?;
            out.vector::<2>(|out| {
                out.vector::<2>(|out| {
                    out.bytes(&[0])?;
                    out.vector::<2>(|out| out.bytes(name.as_ref().as_bytes()))
                })
            })?;
        }
        out.u16(SUPPORTED_GROUPS)?;
        out.vector::<2>(|out| {
            out.vector::<2>(|out| Group::OFFERED.iter().try_for_each(|group| out.u16(group.code())))
        })?;
        out.u16(SIGNATURE_ALGORITHMS)?;
        out.vector::<2>(|out| out.vector::<2>(|out| signature::SCHEMES.iter().try_for_each(|s| out.u16(*s))))?;
        out.u16(SUPPORTED_VERSIONS)?;
        out.vector::<2>(|out| out.vector::<1>(|out| out.u16(TLS_1_3)))?;
        if let Some(cookie) = self.cookie {
            out.u16(COOKIE)?;
            out.vector::<2>(|out| out.vector::<2>(|out| out.bytes(cookie)))?;
        }
        out.u16(KEY_SHARE)?;
        out.vector::<2>(|out| {
            out.vector::<2>(|out| {
                out.u16(self.group.code())?;
                out.vector::<2>(|out| out.bytes(self.share.as_bytes()))
            })
        })
    }
}

/// Whether the body of a ServerHello is that of a HelloRetryRequest.
pub(super) fn is_retry(body: &[u8]) -> bool {
    body.get(2..34) == Some(&RETRY[..])
}

/// Reads the body of a HelloRetryRequest, which answers a share of the group `sent`.
pub(super) fn read_retry<'a>(body: &'a [u8], session_id: &[u8; 32], sent: Group) -> Result<Retry<'a>, TlsError> {
    const NAME: &str = "HelloRetryRequest";
    let (suite, mut extensions) = read_fixed(body, session_id, NAME)?;
    let (mut group, mut cookie) = (None, None);
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut data = extensions.vec16()?;
        match kind {
            SUPPORTED_VERSIONS => {}
            KEY_SHARE if group.is_none() => {
                let asked = Group::offered(data.u16()?).filter(|asked| *asked != sent);
                group = Some(asked.ok_or(TlsError::Unsupported("group (HelloRetryRequest)"))?);
                data.end()?;
            }
            COOKIE if cookie.is_none() => {
                let content = data.vec16()?.rest();
                data.end()?;
                if content.is_empty() {
                    return Err(TlsError::Malformed(NAME));
                }
                cookie = Some(content);
            }
            KEY_SHARE | COOKIE => return Err(TlsError::Malformed(NAME)),
            _ => return Err(TlsError::Unsupported("extension in HelloRetryRequest")),
        }
    }
    if group.is_none() && cookie.is_none() {
        // The same hello would come again, and again the same answer.
        return Err(TlsError::Unsupported(NAME));
    }
    Ok(Retry { suite, group, cookie })
}

/// Reads the body of a ServerHello: the suite and the server's share, which must be of the group `sent`.
pub(super) fn read_server_hello<'a>(
    body: &'a [u8],
    session_id: &[u8; 32],
    sent: Group,
) -> Result<(Suite, &'a [u8]), TlsError> {
    const NAME: &str = "ServerHello";
    if is_retry(body) {
        return Err(TlsError::Unexpected("second HelloRetryRequest"));
    }
    let (suite, mut extensions) = read_fixed(body, session_id, NAME)?;
    let mut share = None;
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut data = extensions.vec16()?;
        match kind {
            SUPPORTED_VERSIONS => {}
            KEY_SHARE if share.is_none() => {
                if data.u16()? != sent.code() {
                    return Err(TlsError::Unsupported("group"));
                }
                share = Some(data.vec16()?.rest());
                data.end()?;
            }
            KEY_SHARE => return Err(TlsError::Malformed(NAME)),
            _ => return Err(TlsError::Unsupported("extension in ServerHello")),
        }
    }
    Ok((suite, share.ok_or(TlsError::Malformed(NAME))?))
}

/// What both of the server's hellos have: version, session id, suite. Its extensions are left.
fn read_fixed<'a>(body: &'a [u8], session_id: &[u8; 32], name: &'static str) -> Result<(Suite, Bytes<'a>), TlsError> {
    let mut hello = Bytes::new(body, name);
    let legacy_version = hello.u16()?;
    hello.array::<32>()?;
    let echoed = hello.vec8()?;
    let suite = hello.u16()?;
    let compression = hello.u8()?;
    // A server of TLS 1.2 gets as far as this, and is told apart by the missing extension; it may have none at all.
    let extensions = if hello.is_empty() { hello } else { hello.vec16()? };
    hello.end()?;
    if legacy_version != 0x0303 || version(extensions)? != Some(TLS_1_3) {
        return Err(TlsError::Unsupported("version"));
    }
    if echoed.rest() != session_id || compression != 0 {
        return Err(TlsError::Malformed(name));
    }
    Ok((Suite::offered(suite).ok_or(TlsError::Unsupported("cipher suite"))?, extensions))
}

/// The version in these extensions.
fn version(mut extensions: Bytes<'_>) -> Result<Option<u16>, TlsError> {
    let mut version = None;
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut data = extensions.vec16()?;
        if kind == SUPPORTED_VERSIONS {
            if version.is_some() {
                return Err(data.malformed());
            }
            version = Some(data.u16()?);
            data.end()?;
        }
    }
    Ok(version)
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

/// Writes nested vectors; the lengths are filled in afterwards.
struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
    /// Bytes in front of `out` in the caller's buffer.
    before: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), TlsError> {
        let end = self.len + bytes.len();
        let needed = self.before + end;
        self.out.get_mut(self.len..end).ok_or(TlsError::BufferTooSmall { needed })?.copy_from_slice(bytes);
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
