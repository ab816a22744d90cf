//! The headers of a webhook, of both families.

use super::super::super::model::{ApiVersion, UnixSeconds};
use super::error::WebhookError;

/// The prefixes of the header names: in the documents, and as seen in the field.
const DOCUMENTED: &str = "x-webhook-";
const SEEN: &str = "x-cashfree-";

const SIGNATURE: &str = "x-webhook-signature";
const TIMESTAMP: &str = "x-webhook-timestamp";
const NAMES: [&str; 4] = [SIGNATURE, TIMESTAMP, "x-webhook-version", "x-webhook-attempt"];

/// The headers' values, trimmed.
pub(super) struct Headers<'h> {
    pub(super) signature: &'h [u8],
    /// The timestamp, byte for byte as it was signed.
    pub(super) timestamp: &'h [u8],
    version: Option<&'h [u8]>,
    attempt: Option<&'h [u8]>,
    content_length: Option<&'h [u8]>,
}

impl<'h> Headers<'h> {
    /// Looks at each field once, whatever the case of its name.
    pub(super) fn collect(fields: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Result<Self, WebhookError> {
        let mut found: [Option<&[u8]>; 4] = [None; 4];
        let mut content_length = None;
        for (name, value) in fields {
            let value = value.trim_ascii();
            if name.eq_ignore_ascii_case("content-length") {
                content_length = Some(value);
            }
            let Some(field) = behind(name, DOCUMENTED).or_else(|| behind(name, SEEN)) else { continue };
            for (place, called) in found.iter_mut().zip(NAMES) {
                let is_it = behind(called, DOCUMENTED).is_some_and(|called| called.eq_ignore_ascii_case(field));
                if is_it && place.replace(value).is_some_and(|other| other != value) {
                    return Err(WebhookError::Contradiction(called));
                }
            }
        }
        let [signature, timestamp, version, attempt] = found;
        Ok(Self {
            signature: signature.ok_or(WebhookError::MissingHeader(SIGNATURE))?,
            timestamp: timestamp.ok_or(WebhookError::MissingHeader(TIMESTAMP))?,
            version,
            attempt,
            content_length,
        })
    }

    /// When it was signed: 13 digits are milliseconds since 1970, cut to seconds (the documents' form); 10 are seconds.
    pub(super) fn sent(&self) -> Result<UnixSeconds, WebhookError> {
        let value = number(self.timestamp).ok_or(WebhookError::MalformedHeader(TIMESTAMP))?;
        match self.timestamp.len() {
            10 => Ok(UnixSeconds(value)),
            13 => Ok(UnixSeconds(value / 1000)),
            _ => Err(WebhookError::MalformedHeader(TIMESTAMP)),
        }
    }

    /// `None`: absent, or unknown to this crate.
    pub(super) fn version(&self) -> Option<ApiVersion> {
        ApiVersion::parse(core::str::from_utf8(self.version?).ok()?).ok()
    }

    pub(super) fn attempt(&self) -> Option<u32> {
        number(self.attempt?).and_then(|value| u32::try_from(value).ok())
    }

    /// `Content-Length`, if the body has fewer bytes.
    pub(super) fn cut(&self, have: usize) -> Option<usize> {
        let want = usize::try_from(number(self.content_length?)?).ok()?;
        (have < want).then_some(want)
    }

    pub(super) fn malformed_signature() -> WebhookError {
        WebhookError::MalformedHeader(SIGNATURE)
    }
}

/// A header name without its prefix.
fn behind<'n>(name: &'n str, beginning: &str) -> Option<&'n str> {
    let (begins, rest) = name.split_at_checked(beginning.len())?;
    begins.eq_ignore_ascii_case(beginning).then_some(rest)
}

/// 1 to 19 digits.
fn number(text: &[u8]) -> Option<u64> {
    if !(1..=19).contains(&text.len()) {
        return None;
    }
    text.iter().try_fold(0, |value: u64, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}
