//! Dates as the gateway writes them.

use core::fmt;

use super::error::{InvalidValue, Reason};
use super::text::{self, Text};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnixSeconds(pub u64);

/// A date and time of ISO 8601 as RFC 3339 narrows it: `2026-07-02T10:20:12+05:30`, at most 35 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timestamp(Text<35>);

impl Timestamp {
    /// Checks the form (not whether that day exists).
    ///
    /// # Errors
    /// [`InvalidValue`] naming `field`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, InvalidValue> {
        text::check(field, text, 20..=35, |b| b.is_ascii_digit() || b"-+:.TZ".contains(&b))?;
        if is_rfc3339(text.as_bytes()) {
            Text::parse(field, text).map(Self)
        } else {
            Err(InvalidValue::new(field, Reason::Form))
        }
    }

    /// Writes a time in UTC: `2026-11-22T16:20:00Z`. Years up to 9999.
    pub fn from_unix(time: UnixSeconds) -> Self {
        let (days, seconds) = (time.0 / 86_400, time.0 % 86_400);
        // Civil date from days: Gregorian arithmetic on years that begin in March, so that the leap day comes last.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let mut text = Text::new();
        // 20 characters up to the year 9999; a later year is cut rather than refused.
        let _ = fmt::Write::write_fmt(
            &mut text,
            format_args!(
                "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            ),
        );
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// When a text of the gateway says that something happened, in microseconds since 1970-01-01T00:00:00Z; finer digits are cut.
/// `None`: it is no date as [`Timestamp`] has it, or lies before 1970.
pub(crate) fn instant(text: &str) -> Option<u64> {
    if !is_rfc3339(text.as_bytes()) {
        return None;
    }
    // Numbers of 32 bits where they do: those of 64 take twice the code.
    let number = |range: core::ops::Range<usize>| digits(text.as_bytes().get(range)?);
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    // Days from a civil date: Gregorian arithmetic on years that begin in March.
    let year = year - i32::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    let mut seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', '+', '-'])?;
    let mut micros = 0;
    let mut scale = 100_000;
    for digit in rest.get(1..zone_at).unwrap_or_default().bytes().take(6) {
        micros += i32::from(digit - b'0') * scale;
        scale /= 10;
    }
    let zone = rest.get(zone_at..)?;
    if let (Some(hours), Some(minutes)) = (zone.as_bytes().get(1..3), zone.as_bytes().get(4..6)) {
        let offset = digits(hours)? * 3600 + digits(minutes)? * 60;
        seconds -= if zone.starts_with('-') { -offset } else { offset };
    }
    let seconds = i64::from(days) * 86_400 + i64::from(seconds);
    u64::try_from(seconds * 1_000_000 + i64::from(micros)).ok()
}

/// The number that a few decimal digits are.
pub(crate) fn digits(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i32::from(d - b'0')))
}

/// `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`.
fn is_rfc3339(text: &[u8]) -> bool {
    let fits = |pattern: &[u8], bytes: &[u8]| {
        bytes.len() == pattern.len()
            && pattern.iter().zip(bytes).all(|(p, b)| if *p == b'0' { b.is_ascii_digit() } else { p == b })
    };
    let Some((date_time, mut rest)) = text.split_at_checked(19) else { return false };
    if !fits(b"0000-00-00T00:00:00", date_time) {
        return false;
    }
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest = fraction.get(digits..).unwrap_or_default();
    }
    rest == b"Z" || fits(b"+00:00", rest) || fits(b"-00:00", rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_utc() {
        // Values from `date -u -d @N`.
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_364_412, "2026-11-22T16:20:12Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_unix(UnixSeconds(unix)).as_str(), text);
        }
    }

    // Mutants: the zone's sign turned round; a fraction of two digits read as two microseconds.
    #[test]
    fn reads_an_instant() {
        // Values from `date -u -d TEXT +%s`.
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000_000)),
            ("2026-11-22T21:50:12+05:30", Some(1_795_364_412_000_000)),
            ("2026-11-22T16:20:12.25Z", Some(1_795_364_412_250_000)),
            ("2026-11-22T15:20:12.2857754-01:00", Some(1_795_364_412_285_775)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400_000_000)),
            ("1960-01-01T00:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(instant(text), micros, "{text}");
        }
    }

    #[test]
    fn reads_the_forms_of_the_page() {
        for text in ["2021-07-02T10:20:12+05:30", "2022-09-21T12:34:34Z", "2025-07-15T16:47:50.285775Z"] {
            assert!(Timestamp::parse("t", text).is_ok(), "{text}");
        }
        for text in
            ["2021-07-02 10:20:12+05:30", "2021-07-02T10:20:12", "2021-07-02T10:20:12.Z", "2021-07-02T10:20:12+0530"]
        {
            assert!(Timestamp::parse("t", text).is_err(), "{text}");
        }
    }
}
