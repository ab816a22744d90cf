//! All that a shopper reads, in one table.

/// A language of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// What is said to the shopper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Words {
    /// The order is being made, or something is looked up.
    OneMoment,
    /// Nobody answers.
    NoConnection,
    /// The shopper's app asks.
    ConfirmInApp,
    /// The shopper has done all there is to do, or the time for it is over: the bank's word is waited for.
    WaitingForBank,
    /// The card needs what this kiosk does not have.
    CardNotUsable,
    /// The code is an image, and this screen draws none.
    CodeNotDrawn,
    /// Paid; the goods are on their way.
    GoodsComing,
    /// The goods are out.
    TakeGoods,
    /// Paid, and the goods are out.
    Paid,
    /// Paid; where the goods are is not known.
    PaidAskStaff,
    /// Certainly not paid.
    NotPaid,
    /// Paid, and no goods: the money goes back.
    MoneyBack,
    /// The order is closed; late money goes back.
    IfPaidMoneyBack,
    /// Somebody else paid the order.
    PaidElsewhere,
    /// The order is another's.
    StartAgain,
    /// What became of the money is not known here.
    AskStaff,
    /// Nothing is sold.
    OutOfOrder,
    /// Over a code.
    ScanToPay,
    /// Before the name of a page.
    GoOnAt,
    /// Before the number of an account.
    TransferTo,
    /// Over minutes and seconds.
    TimeLeft,
}

impl Words {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::OneMoment,
        Self::NoConnection,
        Self::ConfirmInApp,
        Self::WaitingForBank,
        Self::CardNotUsable,
        Self::CodeNotDrawn,
        Self::GoodsComing,
        Self::TakeGoods,
        Self::Paid,
        Self::PaidAskStaff,
        Self::NotPaid,
        Self::MoneyBack,
        Self::IfPaidMoneyBack,
        Self::PaidElsewhere,
        Self::StartAgain,
        Self::AskStaff,
        Self::OutOfOrder,
        Self::ScanToPay,
        Self::GoOnAt,
        Self::TransferTo,
        Self::TimeLeft,
    ];

    /// As text.
    pub const fn text(self, language: Language) -> &'static str {
        let [english] = self.row();
        match language {
            Language::English => english,
        }
    }

    /// The table: a column for each language.
    const fn row(self) -> [&'static str; 1] {
        match self {
            Self::OneMoment => ["One moment"],
            Self::NoConnection => ["No connection. One moment"],
            Self::ConfirmInApp => ["Please confirm in your app"],
            Self::WaitingForBank => ["Waiting for your bank"],
            Self::CardNotUsable => ["This card cannot be used here"],
            Self::CodeNotDrawn => ["This code cannot be shown here"],
            Self::GoodsComing => ["Paid. Your goods are coming"],
            Self::TakeGoods => ["Take your goods"],
            Self::Paid => ["Paid. Thank you"],
            Self::PaidAskStaff => ["Paid. Please ask the staff"],
            Self::NotPaid => ["Not paid"],
            Self::MoneyBack => ["Your money is being returned"],
            Self::IfPaidMoneyBack => ["If you paid, it comes back"],
            Self::PaidElsewhere => ["Already paid elsewhere"],
            Self::StartAgain => ["Please start again"],
            Self::AskStaff => ["Please ask the staff"],
            Self::OutOfOrder => ["Out of order"],
            Self::ScanToPay => ["Scan to pay"],
            Self::GoOnAt => ["Go on at"],
            Self::TransferTo => ["Transfer to"],
            Self::TimeLeft => ["Time left"],
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::HashSet;

    /// Meant to notice: a variant left out of `ALL`, one that is there twice, a text that two share.
    #[test]
    fn all_are_there_once_and_say_something_of_their_own() {
        for (at, words) in Words::ALL.iter().enumerate() {
            assert_eq!(*words as usize, at);
        }
        assert_eq!(Words::ALL.len(), Words::TimeLeft as usize + 1);
        let texts: HashSet<_> = Words::ALL.iter().map(|words| words.text(Language::English)).collect();
        assert_eq!(texts.len(), Words::ALL.len());
    }
}
