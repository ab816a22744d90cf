//! Dates of a clock chip as Unix time.

/// Seconds since 1970-01-01T00:00:00Z of a date and a time of day in UTC. `None` if a part is out of its range; the year is
/// 1970 to 9999, a leap second is refused.
pub fn unix_seconds(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<u64> {
    let year = u64::from(year);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = months.get(..usize::from(month.checked_sub(1)?))?;
    let length = *months.get(before.len())?;
    let day = u64::from(day);
    if !(1970..=9999).contains(&year) || !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + before.iter().sum::<u64>() + day - 1;
    Some(((days * 24 + u64::from(hour)) * 60 + u64::from(minute)) * 60 + u64::from(second))
}

#[cfg(test)]
mod tests {
    use super::unix_seconds;

    /// From `date -u -d … +%s`. Mutants: `leaps(year)` for `leaps(year - 1)`; a century taken for a leap year.
    #[test]
    fn dates_are_as_the_system_says() {
        for (date, want) in [
            ((1970, 1, 1, 0, 0, 0), Some(0)),
            ((2000, 2, 29, 23, 59, 59), Some(951_868_799)),
            ((2026, 1, 1, 0, 0, 0), Some(1_767_225_600)),
            ((2028, 12, 31, 12, 0, 1), Some(1_861_876_801)),
            ((2100, 3, 1, 0, 0, 0), Some(4_107_542_400)),
            ((2100, 2, 29, 0, 0, 0), None),
            ((2026, 13, 1, 0, 0, 0), None),
            ((2026, 0, 1, 0, 0, 0), None),
            ((2026, 1, 0, 0, 0, 0), None),
            ((2026, 1, 1, 24, 0, 0), None),
            ((2026, 1, 1, 0, 0, 60), None),
            ((1969, 12, 31, 0, 0, 0), None),
        ] {
            let (year, month, day, hour, minute, second) = date;
            assert_eq!(unix_seconds(year, month, day, hour, minute, second), want, "{date:?}");
        }
    }
}
