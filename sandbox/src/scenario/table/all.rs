//! The scenarios themselves, by what they are about.

use crate::ground::amount::Paise;
use crate::scenario::entry::Scenario;
use crate::scenario::table::{approval, asking, cut, form, order, otp, pay, refund, settling, shown, stranger};

const PARTS: [&[Scenario]; 11] = [
    pay::TABLE,
    cut::TABLE,
    form::TABLE,
    asking::TABLE,
    approval::TABLE,
    order::TABLE,
    otp::TABLE,
    refund::TABLE,
    settling::TABLE,
    stranger::TABLE,
    shown::TABLE,
];

const ALL: &[Scenario] = &gather::<{ count() }>();

impl Scenario {
    /// All of them, in the order of their numbers.
    pub const ALL: &'static [Self] = ALL;

    /// The scenario of this id, in any case.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|scenario| scenario.id.eq_ignore_ascii_case(id))
    }

    pub(crate) fn of_amount(amount: Paise) -> Option<&'static Self> {
        Self::ALL.iter().find(|scenario| scenario.amount() == amount)
    }
}

const fn count() -> usize {
    let (mut part, mut sum) = (0, 0);
    while part < PARTS.len() {
        sum += PARTS[part].len();
        part += 1;
    }
    sum
}

const fn gather<const N: usize>() -> [Scenario; N] {
    let mut all = [PARTS[0][0]; N];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut row = 0;
        while row < PARTS[part].len() {
            all[at] = PARTS[part][row];
            at += 1;
            row += 1;
        }
        part += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::scenario::entry::Scenario;

    #[test]
    fn ids_are_numbers_in_a_row_and_names_differ() {
        for (at, scenario) in Scenario::ALL.iter().enumerate() {
            assert_eq!(scenario.id, format!("SB-{:02}", at + 1));
            assert_eq!(Scenario::of_amount(scenario.amount()), Some(scenario));
            assert_eq!(Scenario::find(&scenario.id.to_lowercase()), Some(scenario));
            let same = |other: &&Scenario| other.name == scenario.name || other.does == scenario.does;
            assert_eq!(Scenario::ALL.iter().filter(same).count(), 1, "{}", scenario.id);
            assert!(!scenario.name.contains('|') && !scenario.does.contains('|'), "would break the table");
        }
        assert!((40..=299).contains(&Scenario::ALL.len()));
    }
}
