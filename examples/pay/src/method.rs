//! `--method` and its fields.

use std::path::PathBuf;

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use pay_core::model::method::{
    App, Authorization, BankTransfer, CardlessEmi, Collect, Emi, NetBanking, PayLater, PaymentMethod, Upi,
};
use pay_core::model::{ApiVersion, OfferId, OrderPay, PaymentSessionId, Phone, Provider, Timestamp, UnixSeconds, Vpa};

use super::card_input::CardInput;
use super::console::Console;
use super::entropy::unix_now;
use super::input;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MethodName {
    /// A QR image to scan
    UpiQrcode,
    /// A QR image to scan on delivery (2026-01-01)
    UpiPodQrcode,
    /// Links for UPI apps
    UpiLink,
    /// A request in the payer's UPI app
    UpiCollect,
    /// A card, on the bank's page
    Card,
    /// A card, with its OTP entered here
    CardOtp,
    /// A card whose bank wants a form posted (as `card`; the test card differs)
    Form,
    /// The bank's page
    Netbanking,
    /// A wallet or app
    App,
    /// Instalments on a card
    Emi,
    /// Instalments without a card
    CardlessEmi,
    /// A lender pays, the shopper pays the lender later
    Paylater,
    /// A transfer to a virtual account
    Banktransfer,
}

/// What the methods need. Test values stand in for what is not given where no money is.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Fields of the methods")]
pub(super) struct MethodArgs {
    /// card, card-otp, emi: one JSON object {"number","expiry_month","expiry_year","cvv","holder"}, or with
    /// "instrument_id" (saved) or "cryptogram" and the token members; `-` reads it from standard input. Without it a
    /// terminal is asked
    #[arg(long, value_name = "FILE|-")]
    pub(super) card: Option<PathBuf>,
    /// card, card-otp, emi: prompt for the card on the terminal, even if there is a test card
    #[arg(long, conflicts_with = "card")]
    pub(super) card_prompt: bool,
    /// upi-collect, upi-link: the payer's address
    #[arg(long, value_name = "VPA")]
    pub(super) upi_id: Option<String>,
    /// upi-collect: how long the payer may take, 5 to 15
    #[arg(long, value_name = "MINUTES")]
    pub(super) upi_expiry_minutes: Option<u8>,
    /// upi-collect: request the gateway's page that waits for the payer
    #[arg(long)]
    pub(super) upi_redirect: bool,
    /// upi-collect: hold the money under a one-time mandate; the payer must approve until this time (ISO 8601)
    #[arg(long, value_name = "TIME", requires_all = ["mandate_start", "mandate_end"])]
    pub(super) mandate_approve_by: Option<String>,
    /// upi-collect: the money may be taken from this time
    #[arg(long, value_name = "TIME", requires = "mandate_approve_by")]
    pub(super) mandate_start: Option<String>,
    /// upi-collect: the money may be taken until this time
    #[arg(long, value_name = "TIME", requires = "mandate_approve_by")]
    pub(super) mandate_end: Option<String>,
    /// netbanking: the gateway's code of the bank
    #[arg(long, value_name = "N", conflicts_with = "bank_name")]
    pub(super) bank_code: Option<u16>,
    /// netbanking: the gateway's name of the bank, five capital letters
    #[arg(long, value_name = "NAME")]
    pub(super) bank_name: Option<String>,
    /// app, cardless-emi, paylater: the provider
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
    /// app, cardless-emi, paylater: the payer's phone number
    #[arg(long, value_name = "N")]
    pub(super) phone: Option<String>,
    /// emi: the card's bank
    #[arg(long, value_name = "NAME")]
    pub(super) card_bank: Option<String>,
    /// emi, cardless-emi: the number of months
    #[arg(long, value_name = "MONTHS")]
    pub(super) tenure: Option<u8>,
    /// Let the gateway save the card
    #[arg(long)]
    pub(super) save_instrument: bool,
    /// An offer to apply
    #[arg(long, value_name = "ID")]
    pub(super) offer_id: Option<String>,
    /// The attempt ends after this time (60 to 180; 2025-01-01)
    #[arg(long, value_name = "SECONDS")]
    pub(super) expires_after: Option<u32>,
}

/// How a shopper pays, whatever the session, and what a receipt may show of the card.
pub(super) struct Chosen {
    method: PaymentMethod,
    save_instrument: bool,
    offer_id: Option<OfferId>,
    expires_after: Option<u32>,
    last_four: Option<String>,
}

impl MethodName {
    pub(super) fn as_str(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The first version that has it.
    pub(super) const fn since(self) -> ApiVersion {
        match self {
            Self::UpiPodQrcode => ApiVersion::V2026_01_01,
            Self::Banktransfer => ApiVersion::V2023_08_01,
            _ => ApiVersion::V2022_09_01,
        }
    }

    /// The shopper may get a code to scan.
    pub(super) const fn has_code(self) -> bool {
        matches!(self, Self::UpiQrcode | Self::UpiPodQrcode | Self::UpiLink)
    }

    fn test_card(self) -> &'static str {
        match self {
            // RuPay: the sandbox answers with a form.
            Self::Form => "6074825972083818",
            Self::Emi => "4748466123467526",
            _ => "4111111111111111",
        }
    }

    /// What the options say. `is_test`: no money is at the gateway, so what is missing has a test value.
    pub(super) fn chosen(self, args: &MethodArgs, is_test: bool, console: Console) -> anyhow::Result<Chosen> {
        if let Some((option, methods)) = args.without_effect(self) {
            let names: Vec<String> = methods.iter().map(|method| method.as_str()).collect();
            bail!("{option} does nothing for {}: it is for {}", self.as_str(), names.join(", "));
        }
        let fields = Fields { method: self, args, is_test, console };
        let (method, last_four) = fields.method()?;
        Ok(Chosen {
            method,
            save_instrument: args.save_instrument,
            offer_id: args.offer_id.as_deref().map(OfferId::parse).transpose()?,
            expires_after: args.expires_after,
            last_four,
        })
    }
}

impl Chosen {
    /// The request with the session that the order has now.
    pub(super) fn request(&self, session: PaymentSessionId) -> OrderPay {
        let mut request = OrderPay::new(session, self.method.clone());
        if self.save_instrument {
            request = request.with_save_instrument(true);
        }
        if let Some(id) = &self.offer_id {
            request = request.with_offer_id(id.clone());
        }
        if let Some(seconds) = self.expires_after {
            let end = UnixSeconds(unix_now().0.saturating_add(seconds.into()));
            request = request.with_transaction_expiry_time(Timestamp::from_unix(end));
        }
        request
    }

    /// The last four digits of the card, if there is one.
    pub(super) fn last_four(&self) -> Option<String> {
        self.last_four.clone()
    }
}

impl MethodArgs {
    /// An option that is given and that this method has no use for, and the methods that have.
    fn without_effect(&self, method: MethodName) -> Option<(&'static str, &'static [MethodName])> {
        use MethodName::{App, Card, CardOtp, CardlessEmi, Emi, Form, Netbanking, Paylater, UpiCollect, UpiLink};
        const CARDS: &[MethodName] = &[Card, CardOtp, Form, Emi];
        const WALLETS: &[MethodName] = &[App, CardlessEmi, Paylater];
        let given: [(bool, &str, &[MethodName]); 15] = [
            (self.card.is_some(), "--card", CARDS),
            (self.card_prompt, "--card-prompt", CARDS),
            (self.save_instrument, "--save-instrument", CARDS),
            (self.upi_id.is_some(), "--upi-id", &[UpiCollect, UpiLink]),
            (self.upi_expiry_minutes.is_some(), "--upi-expiry-minutes", &[UpiCollect]),
            (self.upi_redirect, "--upi-redirect", &[UpiCollect]),
            (self.mandate_approve_by.is_some(), "--mandate-approve-by", &[UpiCollect]),
            (self.mandate_start.is_some(), "--mandate-start", &[UpiCollect]),
            (self.mandate_end.is_some(), "--mandate-end", &[UpiCollect]),
            (self.bank_code.is_some(), "--bank-code", &[Netbanking]),
            (self.bank_name.is_some(), "--bank-name", &[Netbanking]),
            (self.provider.is_some(), "--provider", WALLETS),
            (self.phone.is_some(), "--phone", WALLETS),
            (self.card_bank.is_some(), "--card-bank", &[Emi]),
            (self.tenure.is_some(), "--tenure", &[Emi, CardlessEmi]),
        ];
        let useless = given.into_iter().find(|(is_given, _, methods)| *is_given && !methods.contains(&method));
        useless.map(|(_, option, methods)| (option, methods))
    }
}

struct Fields<'a> {
    method: MethodName,
    args: &'a MethodArgs,
    is_test: bool,
    console: Console,
}

impl Fields<'_> {
    fn method(&self) -> anyhow::Result<(PaymentMethod, Option<String>)> {
        let args = self.args;
        let method: PaymentMethod = match self.method {
            MethodName::UpiQrcode => Upi::QrCode.into(),
            MethodName::UpiPodQrcode => Upi::PodQrCode.into(),
            MethodName::UpiLink => Upi::Link { upi_id: args.upi_id.as_deref().map(Vpa::parse).transpose()? }.into(),
            MethodName::UpiCollect => self.collect()?.into(),
            MethodName::Card | MethodName::CardOtp | MethodName::Form => {
                let card = self.card()?;
                return Ok((card.to_card(self.method == MethodName::CardOtp)?.into(), card.last_four()));
            }
            MethodName::Emi => {
                let card = self.card()?;
                let bank = self.provider(args.card_bank.as_deref(), "--card-bank", "icici")?;
                let emi = Emi::new(card.to_plain()?, bank, self.tenure()?)?;
                return Ok((emi.into(), card.last_four()));
            }
            MethodName::Netbanking => match (&args.bank_name, args.bank_code) {
                (Some(name), _) => NetBanking::name(name)?.into(),
                (None, Some(code)) => NetBanking::code(code)?.into(),
                (None, None) if self.is_test => NetBanking::code(3333)?.into(),
                (None, None) => bail!("netbanking needs --bank-code or --bank-name"),
            },
            MethodName::App => {
                App::new(self.provider(args.provider.as_deref(), "--provider", "phonepe")?, self.phone()?).into()
            }
            MethodName::CardlessEmi => {
                let provider = self.provider(args.provider.as_deref(), "--provider", "flexmoney")?;
                CardlessEmi::new(provider, self.phone()?, args.tenure)?.into()
            }
            MethodName::Paylater => {
                PayLater::new(self.provider(args.provider.as_deref(), "--provider", "lazypay")?, self.phone()?).into()
            }
            MethodName::Banktransfer => BankTransfer::new().into(),
        };
        Ok((method, None))
    }

    fn collect(&self) -> anyhow::Result<Upi> {
        let args = self.args;
        let mut collect =
            Collect::new(Vpa::parse(self.given(args.upi_id.as_deref(), "--upi-id", "testsuccess@gocash")?)?);
        if let Some(minutes) = args.upi_expiry_minutes {
            collect = collect.with_expiry_minutes(minutes)?;
        }
        if args.upi_redirect {
            collect = collect.with_redirect_url(true);
        }
        if let (Some(by), Some(start), Some(end)) = (&args.mandate_approve_by, &args.mandate_start, &args.mandate_end) {
            collect = collect.with_authorization(Authorization::new(
                Timestamp::parse("approve_by", by)?,
                Timestamp::parse("start_time", start)?,
                Timestamp::parse("end_time", end)?,
            ));
        }
        Ok(Upi::Collect(collect))
    }

    fn card(&self) -> anyhow::Result<CardInput> {
        let mut card = self.card_as_given()?;
        card.may_be_expired = self.is_test;
        Ok(card)
    }

    fn card_as_given(&self) -> anyhow::Result<CardInput> {
        if let Some(path) = &self.args.card {
            return CardInput::read(path);
        }
        if self.is_test && !self.args.card_prompt {
            let card = CardInput::test(self.method.test_card());
            self.console.say(&format!("Paying with the test card **** {}.", card.last_four().unwrap_or_default()));
            return Ok(card);
        }
        if input::is_terminal() {
            return CardInput::prompt();
        }
        bail!("{} needs a card: give --card FILE, or --card - and the card on standard input", self.method.as_str())
    }

    fn provider(&self, value: Option<&str>, option: &str, test: &str) -> anyhow::Result<Provider> {
        Ok(Provider::parse(self.given(value, option, test)?)?)
    }

    fn phone(&self) -> anyhow::Result<Phone> {
        Ok(Phone::parse(self.given(self.args.phone.as_deref(), "--phone", "8714268343")?)?)
    }

    fn tenure(&self) -> anyhow::Result<u8> {
        let test = self.is_test.then_some(6);
        self.args.tenure.or(test).ok_or_else(|| anyhow!("{} needs --tenure", self.method.as_str()))
    }

    fn given<'t>(&self, value: Option<&'t str>, option: &str, test: &'t str) -> anyhow::Result<&'t str> {
        let test = self.is_test.then_some(test);
        value.or(test).ok_or_else(|| anyhow!("{} needs {option}", self.method.as_str()))
    }
}
