//! Order Pay: `POST /orders/sessions`.

use super::action::NextAction;
use super::amount::Amount;
use super::error::InvalidValue;
use super::id::{CfPaymentId, OfferId, PaymentSessionId};
use super::method::PaymentMethod;
use super::status::{ActionWord, ChannelWord, MethodWord};
use super::time::Timestamp;
use super::version::ApiVersion;

/// One attempt to pay an order.
///
/// It may hold a card: make it where it will stay, lend it to the sale, and drop it. It is wiped when dropped.
#[derive(Clone, Debug)]
pub struct OrderPay {
    pub(crate) payment_session_id: PaymentSessionId,
    pub(crate) payment_method: PaymentMethod,
    pub(crate) save_instrument: Option<bool>,
    pub(crate) offer_id: Option<OfferId>,
    pub(crate) transaction_expiry_time: Option<Timestamp>,
}

/// The gateway's answer to [`OrderPay`]: the attempt exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderPayReply<'a> {
    /// The attempt.
    pub cf_payment_id: CfPaymentId,
    /// What the shopper pays; may exceed the order's amount (surcharge) or stay below (offer).
    pub payment_amount: Option<Amount>,
    /// The method, as the gateway sees it.
    pub payment_method: Option<MethodWord<'a>>,
    /// The channel, as the gateway sees it.
    pub channel: Option<ChannelWord<'a>>,
    /// The gateway's word for the next action.
    pub action: Option<ActionWord<'a>>,
    /// The next action.
    pub next_action: NextAction<'a>,
}

impl OrderPay {
    /// Pays the order of this session by this method.
    pub fn new(payment_session_id: PaymentSessionId, payment_method: impl Into<PaymentMethod>) -> Self {
        Self {
            payment_session_id,
            payment_method: payment_method.into(),
            save_instrument: None,
            offer_id: None,
            transaction_expiry_time: None,
        }
    }

    /// The same with this session: for whoever sends it on.
    #[must_use]
    pub fn with_session(mut self, payment_session_id: PaymentSessionId) -> Self {
        self.payment_session_id = payment_session_id;
        self
    }

    /// Asks the gateway to keep the card.
    #[must_use]
    pub fn with_save_instrument(mut self, save: bool) -> Self {
        self.save_instrument = Some(save);
        self
    }

    /// Applies an offer.
    #[must_use]
    pub fn with_offer_id(mut self, offer_id: OfferId) -> Self {
        self.offer_id = Some(offer_id);
        self
    }

    /// Ends the attempt at this time (documented since `2025-01-01`; 1 to 3 minutes ahead).
    #[must_use]
    pub fn with_transaction_expiry_time(mut self, time: Timestamp) -> Self {
        self.transaction_expiry_time = Some(time);
        self
    }

    /// The session that it pays with.
    pub const fn payment_session_id(&self) -> &PaymentSessionId {
        &self.payment_session_id
    }

    /// The method.
    pub const fn payment_method(&self) -> &PaymentMethod {
        &self.payment_method
    }

    /// Refuses what `version` does not know.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the member and the version.
    pub fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        if self.transaction_expiry_time.is_some() {
            version.needs(ApiVersion::V2025_01_01, "transaction_expiry_time")?;
        }
        self.payment_method.check(version)
    }
}
