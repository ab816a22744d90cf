//! A day in Indian Standard Time.

use pay_core::model::{Timestamp, UnixSeconds};

/// Indian Standard Time is five and a half hours ahead.
const OFFSET_S: u64 = 19_800;
/// Seconds in a day.
pub(crate) const DAY_S: u64 = 86_400;

/// 9999-12-31, in days since 1970.
const LAST_DAY: u64 = 2_932_896;

/// The beginning of a day (`2026-11-29`) in seconds since 1970. `None`: there is no such day, or it is before 1970.
pub(crate) fn begins(day: &str) -> Option<u64> {
    let (mut low, mut high) = (1, LAST_DAY + 1);
    // Dates as text sort like days, so a search over the function that writes dates reads them, too.
    while low < high {
        let middle = (low + high) / 2;
        let text = Timestamp::from_unix(UnixSeconds(middle * DAY_S));
        match text.as_str().get(..10)?.cmp(day) {
            core::cmp::Ordering::Less => low = middle + 1,
            core::cmp::Ordering::Equal => return (middle * DAY_S).checked_sub(OFFSET_S),
            core::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: a day in UTC; one that does not exist taken for its neighbour.
    #[test]
    fn a_day_begins_at_midnight_in_india() {
        assert_eq!(begins("2026-01-01"), Some(1_767_225_600 - 19_800));
        assert_eq!(begins("2024-02-29"), Some(1_709_164_800 - 19_800));
        for wrong in ["2026-02-29", "2026-1-1", "2026-01-01T00:00:00Z", "", "today", "1969-12-31", "9999-99-99"] {
            assert_eq!(begins(wrong), None, "{wrong}");
        }
    }
}
