//! All that a shopper reads, in one table.

/// A language of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Hindi, in Devanagari. Feature `hindi`.
    #[cfg(feature = "hindi")]
    Hindi,
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
        match language {
            Language::English => self.row().0,
            #[cfg(feature = "hindi")]
            Language::Hindi => self.row().1,
        }
    }

    /// The table: English, Hindi.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::OneMoment => ("One moment", "एक क्षण रुकिए"),
            Self::NoConnection => ("No connection. One moment", "कनेक्शन नहीं है। कृपया रुकिए"),
            Self::ConfirmInApp => ("Please confirm in your app", "कृपया अपने ऐप में पुष्टि करें"),
            Self::WaitingForBank => ("Waiting for your bank", "आपके बैंक का इंतज़ार है"),
            Self::CardNotUsable => ("This card cannot be used here", "यह कार्ड यहाँ नहीं चलेगा"),
            Self::CodeNotDrawn => ("This code cannot be shown here", "यह कोड यहाँ नहीं दिखाया जा सकता"),
            Self::GoodsComing => ("Paid. Your goods are coming", "भुगतान हो गया। सामान आ रहा है"),
            Self::TakeGoods => ("Take your goods", "अपना सामान लीजिए"),
            Self::Paid => ("Paid. Thank you", "भुगतान हो गया। धन्यवाद"),
            Self::PaidAskStaff => ("Paid. Please ask the staff", "भुगतान हो गया। कृपया कर्मचारी से पूछें"),
            Self::NotPaid => ("Not paid", "भुगतान नहीं हुआ"),
            Self::MoneyBack => ("Your money is being returned", "आपके पैसे लौटाए जा रहे हैं"),
            Self::IfPaidMoneyBack => ("If you paid, it comes back", "अगर पैसे कटे हैं, तो वापस आएँगे"),
            Self::PaidElsewhere => ("Already paid elsewhere", "भुगतान पहले ही कहीं और हो चुका है"),
            Self::StartAgain => ("Please start again", "कृपया फिर से शुरू करें"),
            Self::AskStaff => ("Please ask the staff", "कृपया कर्मचारी से पूछें"),
            Self::OutOfOrder => ("Out of order", "मशीन बंद है"),
            Self::ScanToPay => ("Scan to pay", "स्कैन कर भुगतान करें"),
            Self::GoOnAt => ("Go on at", "यहाँ आगे बढ़ें"),
            Self::TransferTo => ("Transfer to", "इस खाते में भेजें"),
            Self::TimeLeft => ("Time left", "बचा समय"),
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
        let texts: HashSet<_> = Words::ALL.iter().flat_map(|words| [words.row().0, words.row().1]).collect();
        assert_eq!(texts.len(), 2 * Words::ALL.len());
    }
}
