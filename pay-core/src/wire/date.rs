//! The `Date` header (RFC 9110 sections 5.6.7 and 6.6.1).

use super::super::model::{UnixSeconds, digits};

const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Reads an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. The obsolete forms, a day that does not exist or has another weekday, and
/// every time before 1970 are `None`. A leap second is the second after it.
pub(super) fn parse(text: &str) -> Option<UnixSeconds> {
    let bytes: &[u8; 29] = text.as_bytes().try_into().ok()?;
    let [
        w0,
        w1,
        w2,
        b',',
        b' ',
        d0,
        d1,
        b' ',
        m0,
        m1,
        m2,
        b' ',
        y0,
        y1,
        y2,
        y3,
        b' ',
        time @ ..,
        b' ',
        b'G',
        b'M',
        b'T',
    ] = bytes
    else {
        return None;
    };
    let [h0, h1, b':', n0, n1, b':', s0, s1] = time else { return None };
    let weekday = place(&WEEKDAYS, [*w0, *w1, *w2])?;
    let month = place(&MONTHS, [*m0, *m1, *m2])? + 1;
    let (day, year) = (digits(&[*d0, *d1])?, digits(&[*y0, *y1, *y2, *y3])?);
    let (hour, minute, second) = (digits(&[*h0, *h1])?, digits(&[*n0, *n1])?, digits(&[*s0, *s1])?);
    if year < 1970 || day == 0 || day > days_in(month, year) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_before(year) + (1..month).map(|month| days_in(month, year)).sum::<i32>() + day - 1;
    // 1 January 1970 was a Thursday.
    if (days + 3) % 7 != weekday {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(UnixSeconds(u64::try_from(i64::from(days) * 86_400 + i64::from(seconds)).ok()?))
}

fn place(names: &[&[u8]], name: [u8; 3]) -> Option<i32> {
    names.iter().zip(0..).find(|(other, _)| **other == name).map(|(_, place)| place)
}

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: i32, year: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970 to that of `year`, which is 1970 or later.
const fn days_before(year: i32) -> i32 {
    let last = year - 1;
    // 477 leap days up to the end of 1969.
    (year - 1970) * 365 + (last / 4 - last / 100 + last / 400) - 477
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::super::super::model::Timestamp;
    use super::*;

    #[test]
    fn reads_the_form_that_servers_send() {
        // Values from `date -u -d TEXT +%s`.
        for (text, unix) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Sun, 22 Nov 2026 16:20:12 GMT", 1_795_364_412),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            // The leap second of 2016.
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
        ] {
            assert_eq!(parse(text), Some(UnixSeconds(unix)), "{text}");
        }
    }

    // Mutants seen to fail here: no look at the weekday; 31 days in every month; every fourth year a leap year.
    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun,  6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Thu, 00 Jan 1970 00:00:00 GMT",
            "Fri, 31 Apr 2026 00:00:00 GMT",
            "Mon, 29 Feb 2100 00:00:00 GMT",
            "Sun, 29 Feb 2026 00:00:00 GMT",
            "Sun, 06 N\u{f6}v 1994 08:49:3 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn agrees_with_the_calendar_of_timestamps() {
        for unix in (0..=253_402_300_799).step_by(86_399 * 1013) {
            let stamp = Timestamp::from_unix(UnixSeconds(unix));
            let stamp = stamp.as_str();
            let month: usize = stamp[5..7].parse().unwrap();
            let name = |names: &[&'static [u8]], place: usize| core::str::from_utf8(names[place]).unwrap();
            let text = std::format!(
                "{}, {} {} {} {} GMT",
                name(&WEEKDAYS, (unix / 86_400 + 3) as usize % 7),
                &stamp[8..10],
                name(&MONTHS, month - 1),
                &stamp[..4],
                &stamp[11..19]
            );
            assert_eq!(parse(&text), Some(UnixSeconds(unix)), "{text}");
        }
    }
}
