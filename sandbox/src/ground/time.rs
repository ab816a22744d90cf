//! Times as the gateway writes them: ISO 8601 in Indian Standard Time, and the `Date` header's form.

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMillis = u64;

/// India's offset from UTC; it has no summer time.
const IST_SECONDS: i64 = 5 * 3600 + 30 * 60;

/// `2023-08-11T18:02:46+05:30`.
pub(crate) fn to_iso(at: UnixMillis) -> String {
    let local = i64::try_from(at / 1000).unwrap_or(0) + IST_SECONDS;
    let (year, month, day) = civil(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+05:30", second / 3600, second / 60 % 60, second % 60)
}

/// `Fri, 11 Aug 2023 12:32:46 GMT`.
pub(crate) fn to_imf_fixdate(at: UnixMillis) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = i64::try_from(at / 1000).unwrap_or(0);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], place: i64| usize::try_from(place).ok().and_then(|n| names.get(n).copied());
    let weekday = name(&WEEKDAYS, days.rem_euclid(7)).unwrap_or_default();
    let month = name(&MONTHS, month - 1).unwrap_or_default();
    format!("{weekday}, {day:02} {month} {year:04} {:02}:{:02}:{:02} GMT", second / 3600, second / 60 % 60, second % 60)
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`; a fraction is dropped.
/// Any other form, and any time before 1970, is `None`.
pub(crate) fn from_iso(text: &str) -> Option<UnixMillis> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        if !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(part.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
    };
    let mark = |at: usize, expected: u8| (bytes.get(at) == Some(&expected)).then_some(());
    mark(4, b'-')?;
    mark(7, b'-')?;
    mark(10, b'T')?;
    mark(13, b':')?;
    mark(16, b':')?;
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day);
    if civil(days) != (year, month, day) {
        return None;
    }
    let mut zone = 19;
    if bytes.get(zone) == Some(&b'.') {
        zone += 1;
        let digits = bytes[zone..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        zone += digits;
    }
    let offset = match bytes.get(zone)? {
        b'Z' if bytes.len() == zone + 1 => 0,
        sign @ (b'+' | b'-') if bytes.len() == zone + 6 => {
            mark(zone + 3, b':')?;
            let (hours, minutes) = (number(zone + 1, zone + 3)?, number(zone + 4, zone + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let utc = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(u64::try_from(utc).ok()? * 1000)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // The year is taken to start in March, so that the leap day is its last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{from_iso, to_imf_fixdate, to_iso};

    #[test]
    fn dates_of_headers() {
        assert_eq!(to_imf_fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(to_imf_fixdate(784_111_777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(to_imf_fixdate(1_709_164_799_000), "Wed, 28 Feb 2024 23:59:59 GMT");
        assert_eq!(to_imf_fixdate(1_709_164_800_000), "Thu, 29 Feb 2024 00:00:00 GMT");
    }

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(to_iso(1_691_757_166_000), "2023-08-11T18:02:46+05:30");
        assert_eq!(from_iso("2023-08-11T18:02:46+05:30"), Some(1_691_757_166_000));
        assert_eq!(from_iso("2023-08-11T12:32:46.25Z"), Some(1_691_757_166_000));
        assert_eq!(from_iso("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
        for wrong in [
            "2023-02-29T00:00:00Z",
            "2023-08-11",
            "2023-08-11T18:02:46",
            "2023-8-11T18:02:46Z",
            "2023-08-11T18:02:46Zé",
            "",
        ] {
            assert_eq!(from_iso(wrong), None, "{wrong}");
        }
        for at in (0..4_000_000_000_u64).step_by(86_399 * 17) {
            assert_eq!(from_iso(&to_iso(at * 1000)), Some(at * 1000));
        }
    }
}
