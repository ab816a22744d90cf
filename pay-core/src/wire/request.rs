//! Requests as JSON, in the caller's buffer. The structs here borrow the model and are private, so that no other
//! serializer can print a card number.

use core::fmt;

use serde::ser::{Serialize, Serializer};

use super::super::model::method::{Bank, Card, CardChannel, CardSource, PaymentMethod, PlainCard, Upi};
use super::super::model::{
    Amount, ApiVersion, Authenticate, CfPaymentId, CreateOrder, CreateRefund, InvalidValue, OrderPay, OrderTag,
    Simulate, Text,
};
use super::writer;

/// Why a request was not encoded. Nothing was written that could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer must have this many bytes.
    BufferTooSmall {
        /// Bytes needed, exactly.
        needed: usize,
    },
    /// A value does not go with the API version.
    Invalid(InvalidValue),
}

/// The body of `PATCH /orders/{order_id}`.
pub const TERMINATE_ORDER: &[u8] = br#"{"order_status":"TERMINATED"}"#;

/// The body of `POST /orders/{order_id}/release`: the goods are out, or they are not and never will be.
/// `payment`: the payment that they were paid with, where it is known. Written to `tx`; returns its length.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] with the exact size.
pub fn report_release(out: bool, payment: Option<CfPaymentId>, tx: &mut [u8]) -> Result<usize, EncodeError> {
    let digits = payment.map(digits);
    write(&ReleaseBody { released: Some(out), cf_payment_id: text(&digits) }, tx)
}

/// Writes the body of a claim to `tx`: before the goods go out, the terminal asks the merchant's backend for the right to hand them
/// out for this payment. Returns its length.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] with the exact size.
pub fn claim_release(payment: CfPaymentId, tx: &mut [u8]) -> Result<usize, EncodeError> {
    write(&ReleaseBody { released: None, cf_payment_id: Some(&digits(payment)) }, tx)
}

fn digits(payment: CfPaymentId) -> Text<20> {
    let mut digits = Text::new();
    // 20 digits hold every u64.
    let _ = fmt::Write::write_fmt(&mut digits, format_args!("{payment}"));
    digits
}

/// Writes an Order Pay body to `tx`; returns its length.
///
/// # Errors
/// [`EncodeError::Invalid`] if `version` lacks a member, [`EncodeError::BufferTooSmall`] with the exact size.
pub fn order_pay(request: &OrderPay, version: ApiVersion, tx: &mut [u8]) -> Result<usize, EncodeError> {
    request.check(version).map_err(EncodeError::Invalid)?;
    write(
        &OrderPayBody {
            payment_session_id: request.payment_session_id.expose(),
            payment_method: method(&request.payment_method),
            save_instrument: request.save_instrument,
            offer_id: request.offer_id.as_ref().map(|id| id.as_str()),
            transaction_expiry_time: request.transaction_expiry_time.as_ref().map(|time| time.as_str()),
        },
        tx,
    )
}

/// Writes an OTP body to `tx`; returns its length.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] with the exact size.
pub fn authenticate(request: &Authenticate, tx: &mut [u8]) -> Result<usize, EncodeError> {
    let body = match request {
        Authenticate::SubmitOtp(otp) => AuthenticateBody { action: "SUBMIT_OTP", otp: Some(otp.expose()) },
        Authenticate::ResendOtp => AuthenticateBody { action: "RESEND_OTP", otp: None },
    };
    write(&body, tx)
}

/// Writes a Create Order body to `tx`; returns its length.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] with the exact size.
pub fn create_order(request: &CreateOrder, tx: &mut [u8]) -> Result<usize, EncodeError> {
    let meta = OrderMeta {
        return_url: text(&request.return_url),
        notify_url: text(&request.notify_url),
        payment_methods: text(&request.payment_methods),
    };
    let has_meta = request.return_url.is_some() || request.notify_url.is_some() || request.payment_methods.is_some();
    write(
        &CreateOrderBody {
            order_id: request.order_id.as_str(),
            order_amount: Number::new(request.amount),
            order_currency: request.currency.as_str(),
            customer_details: CustomerDetails {
                customer_id: request.customer.id.as_str(),
                customer_phone: request.customer.phone.as_str(),
                customer_name: text(&request.customer.name),
                customer_email: text(&request.customer.email),
            },
            order_meta: has_meta.then_some(meta),
            order_expiry_time: request.expiry_time.as_ref().map(|time| time.as_str()),
            order_note: text(&request.note),
            order_tags: request.tag.as_ref().map(Tags::new),
        },
        tx,
    )
}

/// Writes a Create Refund body to `tx`; returns its length.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] with the exact size.
pub fn create_refund(request: &CreateRefund, tx: &mut [u8]) -> Result<usize, EncodeError> {
    write(
        &CreateRefundBody {
            refund_amount: Number::new(request.amount),
            refund_id: request.refund_id.as_str(),
            refund_note: text(&request.note),
            refund_speed: request.speed.map(|speed| speed.as_str()),
        },
        tx,
    )
}

/// Writes a Simulate body to `tx`; returns its length.
///
/// # Errors
/// [`EncodeError::Invalid`] before `2023-08-01`, [`EncodeError::BufferTooSmall`] with the exact size.
pub fn simulate(request: &Simulate, version: ApiVersion, tx: &mut [u8]) -> Result<usize, EncodeError> {
    version.needs(ApiVersion::V2023_08_01, "entity_simulation").map_err(EncodeError::Invalid)?;
    let id = digits(request.cf_payment_id);
    write(
        &SimulateBody {
            entity: "PAYMENTS",
            entity_id: &id,
            entity_simulation: EntitySimulation {
                payment_status: request.status.as_str(),
                payment_error_code: text(&request.error_code),
            },
        },
        tx,
    )
}

fn write(body: &impl Serialize, tx: &mut [u8]) -> Result<usize, EncodeError> {
    // It fails only for shapes that no body here has.
    let needed = writer::write(body, tx).unwrap_or(usize::MAX);
    if needed <= tx.len() {
        return Ok(needed);
    }
    // What was begun may hold a part of a card number.
    zeroize::Zeroize::zeroize(tx);
    Err(EncodeError::BufferTooSmall { needed })
}

fn text<const N: usize>(text: &Option<Text<N>>) -> Option<&str> {
    text.as_ref().map(Text::as_str)
}

/// An amount as a JSON number, to the digit: bytes are written as they are.
struct Number(Text<24>);

impl Number {
    fn new(amount: Amount) -> Self {
        let mut text = Text::new();
        // 18 characters at the most.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{amount}"));
        Self(text)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

/// `order_tags` with one entry, written as it is: neither name nor value has a character to escape.
struct Tags(Text<96>);

impl Tags {
    fn new(tag: &OrderTag) -> Self {
        let mut text = Text::new();
        // 95 characters at the most.
        let _ =
            fmt::Write::write_fmt(&mut text, format_args!(r#"{{"{}":"{}"}}"#, tag.name.as_str(), tag.value.as_str()));
        Self(text)
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

macro_rules! body {
    ($name:ident<$l:lifetime> { $($(#[$meta:meta])* $field:ident: $ty:ty,)* }) => {
        #[derive(serde::Serialize)]
        struct $name<$l> { $($(#[$meta])* $field: $ty,)* }
    };
}

body!(OrderPayBody<'a> {
    payment_session_id: &'a str,
    payment_method: MethodBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")] save_instrument: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")] offer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] transaction_expiry_time: Option<&'a str>,
});

#[allow(clippy::large_enum_variant)] // lives for one call, on the stack
#[derive(serde::Serialize)]
enum MethodBody<'a> {
    #[serde(rename = "card")]
    Card(CardBody<'a>),
    #[serde(rename = "upi")]
    Upi(UpiBody<'a>),
    #[serde(rename = "netbanking")]
    NetBanking(NetBankingBody<'a>),
    #[serde(rename = "app")]
    App(ProviderBody<'a>),
    #[serde(rename = "emi")]
    Emi(CardBody<'a>),
    #[serde(rename = "cardless_emi")]
    CardlessEmi(ProviderBody<'a>),
    #[serde(rename = "paylater")]
    PayLater(ProviderBody<'a>),
    #[serde(rename = "banktransfer")]
    BankTransfer(BankTransferBody<'a>),
}

/// `card` and `emi`: every member of both, each left out where it has no value.
#[derive(Default, serde::Serialize)]
struct CardBody<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_holder_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry_mm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry_yy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_cvv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instrument_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cryptogram: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_requestor_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_reference_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_bank_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emi_tenure: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line_one: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line_two: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    par: Option<&'a str>,
}

#[derive(Default, serde::Serialize)]
struct UpiBody<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upi_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upi_redirect_url: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upi_expiry_minutes: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorize_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<AuthorizationBody<'a>>,
}

body!(AuthorizationBody<'a> { approve_by: &'a str, start_time: &'a str, end_time: &'a str, });

body!(NetBankingBody<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] netbanking_bank_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")] netbanking_bank_name: Option<&'a str>,
});

body!(ProviderBody<'a> {
    channel: &'a str,
    provider: &'a str,
    phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] emi_tenure: Option<u8>,
});

body!(BankTransferBody<'a> { channel: &'a str, });

body!(AuthenticateBody<'a> {
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] otp: Option<&'a str>,
});

body!(CreateOrderBody<'a> {
    order_id: &'a str,
    order_amount: Number,
    order_currency: &'a str,
    customer_details: CustomerDetails<'a>,
    #[serde(skip_serializing_if = "Option::is_none")] order_meta: Option<OrderMeta<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")] order_expiry_time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] order_note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] order_tags: Option<Tags>,
});

body!(ReleaseBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")] released: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")] cf_payment_id: Option<&'a str>,
});

body!(CustomerDetails<'a> {
    customer_id: &'a str,
    customer_phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] customer_email: Option<&'a str>,
});

body!(OrderMeta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")] return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] notify_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] payment_methods: Option<&'a str>,
});

body!(CreateRefundBody<'a> {
    refund_amount: Number,
    refund_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] refund_note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")] refund_speed: Option<&'a str>,
});

body!(SimulateBody<'a> { entity: &'a str, entity_id: &'a str, entity_simulation: EntitySimulation<'a>, });

body!(EntitySimulation<'a> {
    payment_status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] payment_error_code: Option<&'a str>,
});

fn method(method: &PaymentMethod) -> MethodBody<'_> {
    match method {
        PaymentMethod::Card(card) => MethodBody::Card(card_body(card)),
        PaymentMethod::Upi(upi) => MethodBody::Upi(upi_body(upi)),
        PaymentMethod::NetBanking(net_banking) => {
            let (netbanking_bank_code, netbanking_bank_name) = match &net_banking.0 {
                Bank::Code(code) => (Some(*code), None),
                Bank::Name(name) => (None, Some(name.as_str())),
            };
            MethodBody::NetBanking(NetBankingBody { channel: "link", netbanking_bank_code, netbanking_bank_name })
        }
        PaymentMethod::App(app) => MethodBody::App(ProviderBody {
            channel: "link",
            provider: app.provider.as_str(),
            phone: app.phone.as_str(),
            emi_tenure: None,
        }),
        PaymentMethod::Emi(emi) => MethodBody::Emi(CardBody {
            channel: "link",
            card_alias: text(&emi.alias),
            card_bank_name: Some(emi.bank.as_str()),
            emi_tenure: Some(emi.tenure_months),
            ..plain_card(&emi.card)
        }),
        PaymentMethod::CardlessEmi(emi) => MethodBody::CardlessEmi(ProviderBody {
            channel: "link",
            provider: emi.provider.as_str(),
            phone: emi.phone.as_str(),
            emi_tenure: emi.tenure_months,
        }),
        PaymentMethod::PayLater(later) => MethodBody::PayLater(ProviderBody {
            channel: "link",
            provider: later.provider.as_str(),
            phone: later.phone.as_str(),
            emi_tenure: None,
        }),
        PaymentMethod::BankTransfer(_) => MethodBody::BankTransfer(BankTransferBody { channel: "link" }),
    }
}

fn plain_card(card: &PlainCard) -> CardBody<'_> {
    CardBody {
        card_number: Some(card.number.expose()),
        card_holder_name: text(&card.holder),
        card_expiry_mm: Some(card.expiry.month()),
        card_expiry_yy: Some(card.expiry.year()),
        card_cvv: Some(card.cvv.expose()),
        ..CardBody::default()
    }
}

fn card_body(card: &Card) -> CardBody<'_> {
    let source = match &card.source {
        CardSource::Plain(plain) => plain_card(plain),
        CardSource::Saved(saved) => CardBody {
            instrument_id: Some(saved.instrument_id.as_str()),
            card_cvv: saved.cvv.as_ref().map(|cvv| cvv.expose()),
            ..CardBody::default()
        },
        CardSource::Token(token) => CardBody {
            card_number: Some(token.number.expose()),
            card_holder_name: text(&token.holder),
            card_expiry_mm: Some(token.expiry.month()),
            card_expiry_yy: Some(token.expiry.year()),
            card_cvv: token.cvv.as_ref().map(|cvv| cvv.expose()),
            cryptogram: Some(token.cryptogram.expose()),
            token_requestor_id: text(&token.requestor_id),
            token_reference_id: text(&token.reference_id),
            token_type: token.token_type.map(|kind| kind.as_str()),
            card_display: text(&token.display),
            ..CardBody::default()
        },
    };
    let address = card.address.as_ref();
    CardBody {
        channel: match card.channel() {
            CardChannel::Link => "link",
            CardChannel::Post => "post",
        },
        card_alias: text(&card.alias),
        par: text(&card.par),
        address_line_one: address.and_then(|a| text(&a.line_one)),
        address_line_two: address.and_then(|a| text(&a.line_two)),
        city: address.and_then(|a| text(&a.city)),
        zip_code: address.and_then(|a| text(&a.zip_code)),
        country: address.and_then(|a| text(&a.country)),
        country_code: address.and_then(|a| text(&a.country_code)),
        state: address.and_then(|a| text(&a.state)),
        state_code: address.and_then(|a| text(&a.state_code)),
        ..source
    }
}

fn upi_body(upi: &Upi) -> UpiBody<'_> {
    match upi {
        Upi::Link { upi_id } => {
            UpiBody { channel: "link", upi_id: upi_id.as_ref().map(|id| id.as_str()), ..UpiBody::default() }
        }
        Upi::Collect(collect) => UpiBody {
            channel: "collect",
            upi_id: Some(collect.upi_id.as_str()),
            upi_redirect_url: collect.redirect_url,
            upi_expiry_minutes: collect.expiry_minutes,
            authorize_only: collect.authorize_only,
            authorization: collect.authorization.as_ref().map(|times| AuthorizationBody {
                approve_by: times.approve_by.as_str(),
                start_time: times.start_time.as_str(),
                end_time: times.end_time.as_str(),
            }),
        },
        Upi::QrCode => UpiBody { channel: "qrcode", ..UpiBody::default() },
        Upi::PodQrCode => UpiBody { channel: "podQrCode", ..UpiBody::default() },
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed } => write!(f, "the buffer is too small: {needed} bytes are needed"),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for EncodeError {}
