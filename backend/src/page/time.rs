//! Times, as people in the gateway's country read them.

use pay_core::model::{Timestamp, UnixSeconds};

use crate::book::Moment;

/// Indian Standard Time is five and a half hours ahead.
const OFFSET_S: u64 = 19_800;

/// `2026-07-02 15:50:12`
pub(super) fn shown(at: Moment) -> String {
    let time = Timestamp::from_unix(UnixSeconds((at.0 / 1000).saturating_add(OFFSET_S)));
    let text = time.as_str();
    format!("{} {}", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
}

/// The same; a dash if the time is unknown.
pub(super) fn or_dash(at: Option<Moment>) -> String {
    at.filter(|at| at.0 > 0).map_or_else(|| "–".to_owned(), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_indian() {
        assert_eq!(shown(Moment(1_782_987_612_999)), "2026-07-02 15:50:12");
        assert_eq!((or_dash(None), or_dash(Some(Moment(0)))), ("–".to_owned(), "–".to_owned()));
    }
}
