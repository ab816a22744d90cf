//! The gateway's words. Every set is open: a word this crate does not know is kept, never an error, and never means
//! paid.

use core::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum $name<'a> {
            $($(#[$word_doc])* $variant,)*
            /// A word this crate does not know, as the gateway wrote it.
            Unknown(&'a str),
        }

        impl<'a> $name<'a> {
            /// Reads a word. Exact: the gateway's documents give each in one spelling.
            pub fn parse(word: &'a str) -> Self {
                match word {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(word),
                }
            }

            /// The word as the gateway writes it.
            pub const fn as_str(self) -> &'a str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words!(
    /// `payment_method` of an Order Pay reply.
    MethodWord {
        /// Net banking.
        NetBanking = "netbanking",
        /// Card.
        Card = "card",
        /// UPI.
        Upi = "upi",
        /// A wallet or app.
        App = "app",
        /// Cardless EMI.
        CardlessEmi = "cardless_emi",
        /// Pay later.
        PayLater = "paylater",
        /// Bank transfer.
        BankTransfer = "banktransfer",
    }
);

words!(
    /// `channel` of an Order Pay reply.
    ChannelWord {
        /// A link or page.
        Link = "link",
        /// A UPI collect request.
        Collect = "collect",
        /// A QR image.
        QrCode = "qrcode",
        /// Native OTP.
        Post = "post",
        /// A proof-of-delivery QR.
        PodQrCode = "podQrCode",
    }
);

words!(
    /// `action` of an Order Pay reply.
    ActionWord {
        /// Open `data.url`.
        Link = "link",
        /// Method-specific data in `data`.
        Custom = "custom",
        /// Post a form to `data.url`.
        Form = "form",
        /// Enter an OTP.
        Post = "post",
        /// A page that waits for the payer (named in the text of the page, not in its list of words).
        Collect = "collect",
    }
);

words!(
    /// `order_status` (enums page).
    OrderStatus {
        /// May be paid.
        Active = "ACTIVE",
        /// Paid. Final.
        Paid = "PAID",
        /// Past its expiry time. Final.
        Expired = "EXPIRED",
        /// Closed by the merchant. Final.
        Terminated = "TERMINATED",
        /// Closing; a late success still makes it `PAID`.
        TerminationRequested = "TERMINATION_REQUESTED",
    }
);

words!(
    /// `payment_status` (Get Payment by ID and enums pages).
    PaymentStatus {
        /// Money was taken. Final.
        Success = "SUCCESS",
        /// Not begun.
        NotAttempted = "NOT_ATTEMPTED",
        /// Failed. Final for the attempt.
        Failed = "FAILED",
        /// The customer left. Final for the attempt.
        UserDropped = "USER_DROPPED",
        /// A hold was released. Final.
        Void = "VOID",
        /// A late success was reversed. Final.
        Cancelled = "CANCELLED",
        /// In progress.
        Pending = "PENDING",
        /// Held for review.
        Flagged = "FLAGGED",
    }
);

words!(
    /// `refund_status`.
    RefundStatus {
        /// Begun: the gateway's word for a refund that it makes by itself.
        Initiated = "INITIATED",
        /// The money was returned. Final.
        Success = "SUCCESS",
        /// In progress.
        Pending = "PENDING",
        /// Will not happen by itself: an operator must look. Final.
        Cancelled = "CANCELLED",
        /// Waiting for balance.
        OnHold = "ONHOLD",
    }
);

words!(
    /// `authenticate_status` of an OTP reply.
    AuthenticateStatus {
        /// The OTP was right.
        Success = "SUCCESS",
        /// The OTP was wrong (an HTTP 200).
        Failed = "FAILED",
    }
);

impl PaymentStatus<'_> {
    /// The attempt will not change any more: `SUCCESS`, `FAILED`, `USER_DROPPED`, `VOID`, `CANCELLED`. An unknown word
    /// is not final.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::UserDropped | Self::Void | Self::Cancelled)
    }
}

impl RefundStatus<'_> {
    /// Whether the money was returned, or is being returned without a person having to look. `false` for an unknown
    /// word.
    pub const fn gives_back(self) -> bool {
        matches!(self, Self::Success | Self::Initiated | Self::Pending | Self::OnHold)
    }
}

impl OrderStatus<'_> {
    /// The order will not change any more: `PAID`, `EXPIRED`, `TERMINATED`. An unknown word is not final.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Expired | Self::Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: a catch-all arm that maps to Success, or `is_final` written as `!matches!(Pending)`, fails here.
    #[test]
    fn unknown_words_are_kept_and_never_final() {
        let word = PaymentStatus::parse("SETTLING");
        assert_eq!(word, PaymentStatus::Unknown("SETTLING"));
        assert_eq!(word.as_str(), "SETTLING");
        assert!(!word.is_final());
        assert!(!PaymentStatus::parse("success").is_final());
        assert!(!OrderStatus::parse("PAID_PARTIALLY").is_final());
    }

    #[test]
    fn only_the_documented_words_are_final() {
        let of = |words: [&'static str; 8]| words.map(|word| PaymentStatus::parse(word).is_final());
        assert_eq!(
            of(["SUCCESS", "FAILED", "USER_DROPPED", "VOID", "CANCELLED", "PENDING", "NOT_ATTEMPTED", "FLAGGED"]),
            [true, true, true, true, true, false, false, false]
        );
    }
}
