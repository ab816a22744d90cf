//! Order Pay that may be relayed. The types have no field for a card; the request to the gateway is written anew from them.

use pay_core::model::method::{App, BankTransfer, CardlessEmi, Collect, NetBanking, PayLater, PaymentMethod, Upi};
use pay_core::model::{
    IdempotencyKey, InvalidValue, OfferId, OrderPay, PaymentSessionId, Phone, Provider, Timestamp, Vpa,
};
use pay_core::wire::{ClientBrowser, ClientDevice, ClientHints, ClientOs, ClientRendering};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::answer::Answer;
use crate::call::Incoming;

/// Order Pay, as a device sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) payment_session_id: String,
    payment_method: Method,
    offer_id: Option<String>,
    transaction_expiry_time: Option<String>,
    /// Used with cards only.
    save_instrument: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    Upi(UpiBody),
    #[serde(rename = "netbanking")]
    NetBanking(Bank),
    App(Holder),
    CardlessEmi(Holder),
    #[serde(rename = "paylater")]
    PayLater(Holder),
    #[serde(rename = "banktransfer")]
    BankTransfer(Transfer),
    /// Parsed only to refuse it by name. Nothing of it is stored.
    Card(IgnoredAny),
    Emi(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpiBody {
    channel: UpiChannel,
    upi_id: Option<String>,
    upi_redirect_url: Option<bool>,
    upi_expiry_minutes: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum UpiChannel {
    #[serde(rename = "link")]
    Link,
    #[serde(rename = "collect")]
    Collect,
    #[serde(rename = "qrcode")]
    QrCode,
    #[serde(rename = "podQrCode")]
    PodQrCode,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Link {
    Link,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bank {
    #[serde(rename = "channel")]
    _channel: Link,
    netbanking_bank_code: Option<u16>,
    netbanking_bank_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    #[serde(rename = "channel")]
    _channel: Link,
    provider: String,
    phone: String,
    emi_tenure: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    #[serde(rename = "channel")]
    _channel: Link,
}

impl Wanted {
    pub(super) fn read(request: &Incoming) -> Result<Self, Answer> {
        let wanted: Self = request.json()?;
        let has_card = matches!(wanted.payment_method, Method::Card(_) | Method::Emi(_));
        if has_card || wanted.save_instrument.is_some() { Err(not_relayed()) } else { Ok(wanted) }
    }

    /// The same request with the gateway's session.
    pub(super) fn with(self, session: PaymentSessionId) -> Result<OrderPay, Answer> {
        let method = self.payment_method.checked()?;
        let mut pay = OrderPay::new(session, method);
        if let Some(offer) = self.offer_id {
            pay = pay.with_offer_id(OfferId::parse(&offer).map_err(invalid)?);
        }
        if let Some(time) = self.transaction_expiry_time {
            pay =
                pay.with_transaction_expiry_time(Timestamp::parse("transaction_expiry_time", &time).map_err(invalid)?);
        }
        Ok(pay)
    }
}

impl Method {
    fn checked(self) -> Result<PaymentMethod, Answer> {
        let method = match self {
            Self::Upi(upi) => upi.checked()?.into(),
            Self::NetBanking(bank) => match (bank.netbanking_bank_code, bank.netbanking_bank_name) {
                (Some(code), None) => NetBanking::code(code).map_err(invalid)?.into(),
                (None, Some(name)) => NetBanking::name(&name).map_err(invalid)?.into(),
                _ => return Err(Answer::invalid("netbanking_bank_code_missing", "netbanking: needs a code or a name")),
            },
            Self::App(holder) => {
                let (provider, phone) = holder.without_tenure()?;
                App::new(provider, phone).into()
            }
            Self::PayLater(holder) => {
                let (provider, phone) = holder.without_tenure()?;
                PayLater::new(provider, phone).into()
            }
            Self::CardlessEmi(holder) => {
                let (provider, phone) = holder.names()?;
                CardlessEmi::new(provider, phone, holder.emi_tenure).map_err(invalid)?.into()
            }
            Self::BankTransfer(_) => BankTransfer::new().into(),
            Self::Card(_) | Self::Emi(_) => return Err(not_relayed()),
        };
        Ok(method)
    }
}

impl UpiBody {
    fn checked(self) -> Result<Upi, Answer> {
        let collects = self.upi_redirect_url.is_some() || self.upi_expiry_minutes.is_some();
        let upi_id = self.upi_id.map(|id| Vpa::parse(&id)).transpose().map_err(invalid)?;
        match (self.channel, upi_id) {
            (UpiChannel::Link, upi_id) if !collects => Ok(Upi::Link { upi_id }),
            (UpiChannel::QrCode, None) if !collects => Ok(Upi::QrCode),
            (UpiChannel::PodQrCode, None) if !collects => Ok(Upi::PodQrCode),
            (UpiChannel::Collect, Some(upi_id)) => {
                let mut collect = Collect::new(upi_id);
                if let Some(minutes) = self.upi_expiry_minutes {
                    collect = collect.with_expiry_minutes(minutes).map_err(invalid)?;
                }
                if let Some(wanted) = self.upi_redirect_url {
                    collect = collect.with_redirect_url(wanted);
                }
                Ok(Upi::Collect(collect))
            }
            _ => Err(Answer::invalid("request_invalid", "upi: these members do not go with the channel")),
        }
    }
}

impl Holder {
    fn names(&self) -> Result<(Provider, Phone), Answer> {
        Ok((Provider::parse(&self.provider).map_err(invalid)?, Phone::parse(&self.phone).map_err(invalid)?))
    }

    fn without_tenure(&self) -> Result<(Provider, Phone), Answer> {
        match self.emi_tenure {
            None => self.names(),
            Some(_) => Err(Answer::invalid("request_invalid", "emi_tenure: does not go with this method")),
        }
    }
}

/// Without the key the gateway would not recognize a repeat.
pub(super) fn key(request: &Incoming) -> Result<IdempotencyKey, Answer> {
    let key = request.idempotency_key.as_deref().unwrap_or_default();
    IdempotencyKey::parse(key).map_err(invalid)
}

/// The device's details, as far as the gateway has names for them.
pub(super) fn hints(request: &Incoming) -> ClientHints {
    let [device, os, rendering, browser] = &request.client;
    let mut hints = ClientHints::default();
    hints.device = device.as_deref().and_then(ClientDevice::parse);
    hints.os = os.as_deref().and_then(ClientOs::parse);
    hints.rendering = rendering.as_deref().and_then(ClientRendering::parse);
    hints.browser = browser.as_deref().and_then(ClientBrowser::parse);
    hints
}

pub(super) fn not_relayed() -> Answer {
    Answer::invalid("card_not_relayed", "cards and their OTPs go straight to the gateway")
}

/// Names the member, never its value.
fn invalid(error: InvalidValue) -> Answer {
    Answer::invalid("request_invalid", &error.to_string())
}
