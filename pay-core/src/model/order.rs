//! Orders and their payments: the merchant's calls, made by a desktop with keys or by a kiosk's backend.

use super::amount::{Amount, Currency};
use super::error::{InvalidValue, Reason};
use super::id::{CfPaymentId, CustomerId, OrderId, Phone};
use super::status::{OrderStatus, PaymentStatus};
use super::text::{self, Text};
use super::time::{Timestamp, instant};
use super::url::Url;

/// `POST /orders`. Members of the page that a terminal has no use for (cart, splits, products) are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrder {
    pub(crate) order_id: OrderId,
    pub(crate) amount: Amount,
    pub(crate) currency: Currency,
    pub(crate) customer: Customer,
    pub(crate) expiry_time: Option<Timestamp>,
    pub(crate) note: Option<Text<200>>,
    pub(crate) return_url: Option<Text<250>>,
    pub(crate) notify_url: Option<Text<250>>,
    pub(crate) payment_methods: Option<Text<64>>,
    pub(crate) tag: Option<OrderTag>,
}

/// The entry of `order_tags` by which a terminal knows an order that it created, when the answer was lost.
pub const MARK_TAG: &str = "till_mark";

/// One entry of `order_tags`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderTag {
    pub(crate) name: Text<24>,
    pub(crate) value: Text<64>,
}

/// Who buys. The gateway wants an id and a phone number of every customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub(crate) id: CustomerId,
    pub(crate) phone: Phone,
    pub(crate) name: Option<Text<100>>,
    pub(crate) email: Option<Text<100>>,
}

/// An order as the gateway reports it, borrowed from the receive buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order<'a> {
    /// The merchant's id.
    pub order_id: &'a str,
    /// Its status.
    pub status: OrderStatus<'a>,
    /// Its amount.
    pub amount: Amount,
    /// Its currency.
    pub currency: &'a str,
    /// A session to pay it with; each read may give a new one. Empty where absent.
    pub payment_session_id: &'a str,
    /// The gateway's id, digits; empty where absent.
    pub cf_order_id: &'a str,
    /// Until when it can be paid; empty where absent.
    pub expiry_time: &'a str,
    /// The tag [`MARK_TAG`]; empty where absent.
    pub mark: &'a str,
}

/// One attempt as the gateway reports it, borrowed from the receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payment<'a> {
    /// The attempt.
    pub cf_payment_id: CfPaymentId,
    /// The order; empty where absent.
    pub order_id: &'a str,
    /// Its status.
    pub status: PaymentStatus<'a>,
    /// What was or is to be paid; may differ from the order's amount (surcharge, offer).
    pub amount: Option<Amount>,
    /// Whether the money was taken, or only held. `None` where absent.
    pub is_captured: Option<bool>,
    /// `payment_group`, such as `upi` or `credit_card`; empty where absent.
    pub group: &'a str,
    /// The bank's reference for receipts; empty where absent.
    pub bank_reference: &'a str,
    /// For people; empty where absent.
    pub message: &'a str,
    /// `error_details.error_code`; empty where absent.
    pub error_code: &'a str,
    /// `payment_completion_time`: when it ended, as the gateway writes it; empty where absent.
    pub completion_time: &'a str,
}

impl Payment<'_> {
    /// When it ended, in microseconds since 1970-01-01T00:00:00Z. `None` where absent or not a date.
    pub fn completed(&self) -> Option<u64> {
        instant(self.completion_time)
    }
}

impl CreateOrder {
    /// An order in Indian rupees.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`] below 1.00 (Create Order page).
    pub fn new(order_id: OrderId, amount: Amount, customer: Customer) -> Result<Self, InvalidValue> {
        if amount.minor() < 100 {
            return Err(InvalidValue::new("order_amount", Reason::OutOfRange { min: 1, max: 9_999_999_999_999 }));
        }
        Ok(Self {
            order_id,
            amount,
            currency: Currency::inr(),
            customer,
            expiry_time: None,
            note: None,
            return_url: None,
            notify_url: None,
            payment_methods: None,
            tag: None,
        })
    }

    /// Another currency.
    #[must_use]
    pub fn with_currency(mut self, currency: Currency) -> Self {
        self.currency = currency;
        self
    }

    /// Until when the order can be paid. Give a short one, so that every sale ends (the gateway's default is 30 days).
    #[must_use]
    pub fn with_expiry_time(mut self, time: Timestamp) -> Self {
        self.expiry_time = Some(time);
        self
    }

    /// A note of 3 to 200 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `order_note`.
    pub fn with_note(mut self, note: &str) -> Result<Self, InvalidValue> {
        text::check("order_note", note, 3..=200, text::is_prose)?;
        self.note = Some(Text::parse("order_note", note)?);
        Ok(self)
    }

    /// Where the gateway's pages send the shopper back to: `https`, up to 250 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `return_url`.
    pub fn with_return_url(mut self, url: &str) -> Result<Self, InvalidValue> {
        self.return_url = Some(https("return_url", url)?);
        Ok(self)
    }

    /// Where the gateway reports to: `https`, up to 250 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `notify_url`.
    pub fn with_notify_url(mut self, url: &str) -> Result<Self, InvalidValue> {
        self.notify_url = Some(https("notify_url", url)?);
        Ok(self)
    }

    /// The methods to allow, in the gateway's words with commas: `upi,cc,dc`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `payment_methods`.
    pub fn with_payment_methods(mut self, methods: &str) -> Result<Self, InvalidValue> {
        text::check("payment_methods", methods, 2..=64, |b| b.is_ascii_lowercase() || b == b',' || b == b'_')?;
        self.payment_methods = Some(Text::parse("payment_methods", methods)?);
        Ok(self)
    }

    /// One entry of `order_tags`: a name of 1 to 24 and a value of 1 to 64 of `[A-Za-z0-9_-]`. The gateway takes ten entries with
    /// values of up to 255 (Create Order page); a mark needs no more.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `order_tags`.
    pub fn with_tag(mut self, name: &str, value: &str) -> Result<Self, InvalidValue> {
        text::check("order_tags", name, 1..=24, text::is_id)?;
        text::check("order_tags", value, 1..=64, text::is_id)?;
        self.tag = Some(OrderTag { name: Text::parse("order_tags", name)?, value: Text::parse("order_tags", value)? });
        Ok(self)
    }

    /// The value of the tag [`MARK_TAG`], if it has that one.
    pub(crate) fn mark(&self) -> Option<&Text<64>> {
        self.tag.as_ref().filter(|tag| tag.name.as_str() == MARK_TAG).map(|tag| &tag.value)
    }

    /// The id.
    pub const fn order_id(&self) -> &OrderId {
        &self.order_id
    }

    /// The amount.
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// The currency.
    pub const fn currency(&self) -> &Currency {
        &self.currency
    }
}

impl Customer {
    /// A customer.
    pub const fn new(id: CustomerId, phone: Phone) -> Self {
        Self { id, phone, name: None, email: None }
    }

    /// Adds a name, 3 to 100 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `customer_name`.
    pub fn with_name(mut self, name: &str) -> Result<Self, InvalidValue> {
        text::check("customer_name", name, 3..=100, text::is_prose)?;
        self.name = Some(Text::parse("customer_name", name)?);
        Ok(self)
    }

    /// Adds an e-mail address, 3 to 100 visible characters with an `@`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `customer_email`.
    pub fn with_email(mut self, email: &str) -> Result<Self, InvalidValue> {
        text::check("customer_email", email, 3..=100, text::is_visible)?;
        if !email.contains('@') {
            return Err(InvalidValue::new("customer_email", Reason::Form));
        }
        self.email = Some(Text::parse("customer_email", email)?);
        Ok(self)
    }
}

impl core::fmt::Debug for Order<'_> {
    /// Without the session id, which can pay the order.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Order")
            .field("order_id", &self.order_id)
            .field("status", &self.status)
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .finish_non_exhaustive()
    }
}

impl Payment<'_> {
    /// Money was taken: `SUCCESS`, and not merely held.
    pub fn is_paid(&self) -> bool {
        self.status == PaymentStatus::Success && self.is_captured != Some(false)
    }
}

fn https(field: &'static str, url: &str) -> Result<Text<250>, InvalidValue> {
    Url::parse(url).ok_or(InvalidValue::new(field, Reason::Form))?;
    Text::parse(field, url)
}
