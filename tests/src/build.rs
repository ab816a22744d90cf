//! The model of a request from its JSON body: the way back that the library does not have, and must not have.

use pay_core::model::method::{
    App, Authorization, BankTransfer, BillingAddress, Card, CardExpiry, CardNumber, CardSource, CardlessEmi, Collect,
    Cryptogram, Cvv, Emi, NetBanking, PayLater, PaymentMethod, PlainCard, SavedCard, TokenCard, TokenType, Upi,
};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CallKind, CfPaymentId, CreateOrder, CreateRefund, Currency, Customer, CustomerId,
    InstrumentId, InvalidValue, OfferId, OrderId, OrderPay, Otp, PaymentSessionId, Phone, Provider, RefundId,
    RefundSpeed, Simulate, SimulatedStatus, Timestamp, Vpa,
};
use pay_core::wire::{EncodeError, encode};
use serde_json::Value;

/// A request of any call that has a body of its own.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // a few of them, in tests
pub enum Model {
    /// Order Pay.
    OrderPay(OrderPay),
    /// OTP.
    Authenticate(Authenticate),
    /// Create Order.
    CreateOrder(CreateOrder),
    /// Create Refund.
    CreateRefund(CreateRefund),
    /// Simulate.
    Simulate(Simulate),
}

impl Model {
    /// The model of this body.
    ///
    /// # Errors
    /// What the model refuses.
    ///
    /// # Panics
    /// If the body lacks a member that every body of the call has.
    pub fn build(call: CallKind, body: &Value) -> Result<Self, InvalidValue> {
        Ok(match call {
            CallKind::OrderPay => Self::OrderPay(order_pay(body)?),
            CallKind::Authenticate => Self::Authenticate(authenticate(body)?),
            CallKind::CreateOrder => Self::CreateOrder(create_order(body)?),
            CallKind::CreateRefund => Self::CreateRefund(create_refund(body)?),
            CallKind::Simulate => Self::Simulate(simulate(body)?),
            other => panic!("{other:?} has no body of its own"),
        })
    }

    /// Its body.
    ///
    /// # Errors
    /// What the encoder refuses.
    pub fn encode(&self, version: ApiVersion, tx: &mut [u8]) -> Result<usize, EncodeError> {
        match self {
            Self::OrderPay(request) => encode::order_pay(request, version, tx),
            Self::Authenticate(request) => encode::authenticate(request, tx),
            Self::CreateOrder(request) => encode::create_order(request, tx),
            Self::CreateRefund(request) => encode::create_refund(request, tx),
            Self::Simulate(request) => encode::simulate(request, version, tx),
        }
    }
}

/// Order Pay.
///
/// # Errors
/// What the model refuses.
///
/// # Panics
/// If there is not exactly one payment method, or one that the model does not have.
pub fn order_pay(body: &Value) -> Result<OrderPay, InvalidValue> {
    let methods = body["payment_method"].as_object().expect("payment_method is an object");
    assert_eq!(methods.len(), 1, "exactly one payment method");
    let (name, of) = methods.iter().next().expect("one");
    let method: PaymentMethod = match name.as_str() {
        "card" => card(of)?.into(),
        "upi" => upi(of)?.into(),
        "netbanking" => match of["netbanking_bank_code"].as_u64() {
            Some(code) => NetBanking::code(code.try_into().expect("16 bits"))?,
            None => NetBanking::name(needed(of, "netbanking_bank_name"))?,
        }
        .into(),
        "app" => App::new(provider(of)?, phone(of)?).into(),
        "emi" => {
            let bank = Provider::parse(needed(of, "card_bank_name"))?;
            let emi = Emi::new(plain(of)?, bank, tenure(of).expect("emi_tenure"))?;
            with(emi, text(of, "card_alias"), Emi::with_alias)?.into()
        }
        "cardless_emi" => CardlessEmi::new(provider(of)?, phone(of)?, tenure(of))?.into(),
        "paylater" => PayLater::new(provider(of)?, phone(of)?).into(),
        "banktransfer" => BankTransfer::new().into(),
        other => panic!("the model has no {other}"),
    };
    let mut pay = OrderPay::new(PaymentSessionId::parse(needed(body, "payment_session_id"))?, method);
    if let Some(save) = body["save_instrument"].as_bool() {
        pay = pay.with_save_instrument(save);
    }
    if let Some(offer) = text(body, "offer_id") {
        pay = pay.with_offer_id(OfferId::parse(offer)?);
    }
    if let Some(time) = text(body, "transaction_expiry_time") {
        pay = pay.with_transaction_expiry_time(Timestamp::parse("transaction_expiry_time", time)?);
    }
    Ok(pay)
}

type AddPart = fn(BillingAddress, &str) -> Result<BillingAddress, InvalidValue>;

fn card(of: &Value) -> Result<Card, InvalidValue> {
    let source: CardSource = if let Some(id) = text(of, "instrument_id") {
        SavedCard::new(InstrumentId::parse(id)?, text(of, "card_cvv").map(Cvv::parse).transpose()?).into()
    } else if let Some(cryptogram) = text(of, "cryptogram") {
        let number = CardNumber::parse(needed(of, "card_number"))?;
        let mut token = TokenCard::new(number, expiry(of)?, Cryptogram::parse(cryptogram)?);
        if let Some(cvv) = text(of, "card_cvv") {
            token = token.with_cvv(Cvv::parse(cvv)?);
        }
        let types = [TokenType::Issuer, TokenType::NetworkGc, TokenType::IssuerGc];
        if let Some(word) = text(of, "token_type") {
            token = token.with_type(types.into_iter().find(|kind| kind.as_str() == word).expect("a token_type"));
        }
        token = with(token, text(of, "card_holder_name"), TokenCard::with_holder)?;
        token = with(token, text(of, "token_requestor_id"), TokenCard::with_requestor_id)?;
        token = with(token, text(of, "token_reference_id"), TokenCard::with_reference_id)?;
        with(token, text(of, "card_display"), TokenCard::with_display)?.into()
    } else {
        plain(of)?.into()
    };
    let mut card = match needed(of, "channel") {
        "post" => Card::native_otp(source),
        _ => Card::link(source),
    };
    card = with(card, text(of, "card_alias"), Card::with_alias)?;
    card = with(card, text(of, "par"), Card::with_par)?;
    let parts: [(&str, AddPart); 8] = [
        ("address_line_one", BillingAddress::with_line_one),
        ("address_line_two", BillingAddress::with_line_two),
        ("city", BillingAddress::with_city),
        ("zip_code", BillingAddress::with_zip_code),
        ("country", BillingAddress::with_country),
        ("country_code", BillingAddress::with_country_code),
        ("state", BillingAddress::with_state),
        ("state_code", BillingAddress::with_state_code),
    ];
    if parts.iter().any(|(name, _)| text(of, name).is_some()) {
        let mut address = BillingAddress::new();
        for (name, part) in parts {
            address = with(address, text(of, name), part)?;
        }
        card = card.with_address(address);
    }
    Ok(card)
}

fn plain(of: &Value) -> Result<PlainCard, InvalidValue> {
    let number = CardNumber::parse(needed(of, "card_number"))?;
    let card = PlainCard::new(number, expiry(of)?, Cvv::parse(needed(of, "card_cvv"))?);
    with(card, text(of, "card_holder_name"), PlainCard::with_holder)
}

fn upi(of: &Value) -> Result<Upi, InvalidValue> {
    let upi_id = text(of, "upi_id").map(Vpa::parse).transpose()?;
    Ok(match needed(of, "channel") {
        "link" => Upi::Link { upi_id },
        "qrcode" => Upi::QrCode,
        "podQrCode" => Upi::PodQrCode,
        _ => {
            let mut collect = Collect::new(upi_id.expect("upi_id"));
            if let Some(minutes) = of["upi_expiry_minutes"].as_u64() {
                collect = collect.with_expiry_minutes(minutes.try_into().unwrap_or(u8::MAX))?;
            }
            if let Some(wanted) = of["upi_redirect_url"].as_bool() {
                collect = collect.with_redirect_url(wanted);
            }
            if let Some(times) = of.get("authorization") {
                let time = |name| Timestamp::parse(name, needed(times, name));
                let mandate = Authorization::new(time("approve_by")?, time("start_time")?, time("end_time")?);
                collect = collect.with_authorization(mandate);
            }
            Upi::Collect(collect)
        }
    })
}

fn authenticate(body: &Value) -> Result<Authenticate, InvalidValue> {
    Ok(match needed(body, "action") {
        "RESEND_OTP" => Authenticate::ResendOtp,
        _ => Authenticate::SubmitOtp(Otp::parse(needed(body, "otp"))?),
    })
}

fn create_order(body: &Value) -> Result<CreateOrder, InvalidValue> {
    let details = &body["customer_details"];
    let id = CustomerId::parse(needed(details, "customer_id"))?;
    let mut customer = Customer::new(id, Phone::parse(needed(details, "customer_phone"))?);
    customer = with(customer, text(details, "customer_name"), Customer::with_name)?;
    customer = with(customer, text(details, "customer_email"), Customer::with_email)?;
    let order_id = OrderId::parse(needed(body, "order_id"))?;
    let mut order = CreateOrder::new(order_id, amount(&body["order_amount"])?, customer)?
        .with_currency(Currency::parse(needed(body, "order_currency"))?);
    if let Some(time) = text(body, "order_expiry_time") {
        order = order.with_expiry_time(Timestamp::parse("order_expiry_time", time)?);
    }
    order = with(order, text(body, "order_note"), CreateOrder::with_note)?;
    if let Some((name, value)) = body.get("order_tags").and_then(Value::as_object).and_then(|tags| tags.iter().next()) {
        order = order.with_tag(name, value.as_str().expect("a text"))?;
    }
    if let Some(meta) = body.get("order_meta") {
        order = with(order, text(meta, "return_url"), CreateOrder::with_return_url)?;
        order = with(order, text(meta, "notify_url"), CreateOrder::with_notify_url)?;
        order = with(order, text(meta, "payment_methods"), CreateOrder::with_payment_methods)?;
    }
    Ok(order)
}

fn create_refund(body: &Value) -> Result<CreateRefund, InvalidValue> {
    let refund = CreateRefund::new(RefundId::parse(needed(body, "refund_id"))?, amount(&body["refund_amount"])?);
    let refund = with(refund, text(body, "refund_note"), CreateRefund::with_note)?;
    Ok(match text(body, "refund_speed") {
        Some("INSTANT") => refund.with_speed(RefundSpeed::Instant),
        Some(_) => refund.with_speed(RefundSpeed::Standard),
        None => refund,
    })
}

fn simulate(body: &Value) -> Result<Simulate, InvalidValue> {
    let of = &body["entity_simulation"];
    let word = needed(of, "payment_status");
    let all =
        [SimulatedStatus::Success, SimulatedStatus::Failed, SimulatedStatus::Pending, SimulatedStatus::UserDropped];
    let status = all.into_iter().find(|status| status.as_str() == word).expect("a status to simulate");
    let simulate = Simulate::new(CfPaymentId::parse(needed(body, "entity_id"))?, status);
    with(simulate, text(of, "payment_error_code"), Simulate::with_error_code)
}

fn with<T>(to: T, text: Option<&str>, add: impl FnOnce(T, &str) -> Result<T, InvalidValue>) -> Result<T, InvalidValue> {
    match text {
        Some(text) => add(to, text),
        None => Ok(to),
    }
}

fn text<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of.get(name).map(|value| value.as_str().unwrap_or_else(|| panic!("{name} is a string")))
}

fn needed<'v>(of: &'v Value, name: &str) -> &'v str {
    text(of, name).unwrap_or_else(|| panic!("{name} is there"))
}

fn amount(of: &Value) -> Result<Amount, InvalidValue> {
    Amount::parse(&of.as_number().expect("an amount is a number").to_string())
}

fn expiry(of: &Value) -> Result<CardExpiry, InvalidValue> {
    CardExpiry::parse(needed(of, "card_expiry_mm"), needed(of, "card_expiry_yy"))
}

fn provider(of: &Value) -> Result<Provider, InvalidValue> {
    Provider::parse(needed(of, "provider"))
}

fn phone(of: &Value) -> Result<Phone, InvalidValue> {
    Phone::parse(needed(of, "phone"))
}

fn tenure(of: &Value) -> Option<u8> {
    of["emi_tenure"].as_u64().map(|months| months.try_into().unwrap_or(u8::MAX))
}
