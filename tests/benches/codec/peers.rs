//! What a program would derive for the others.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A request as a program would derive it.
pub mod owned {
    use super::{Deserialize, Serialize};

    #[derive(Deserialize, Serialize)]
    pub struct OrderPay {
        pub payment_session_id: String,
        pub payment_method: Method,
        pub save_instrument: Option<bool>,
        pub offer_id: Option<String>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Method {
        Card(Card),
    }

    #[derive(Deserialize, Serialize)]
    pub struct Card {
        pub channel: String,
        pub card_number: String,
        pub card_holder_name: Option<String>,
        pub card_expiry_mm: String,
        pub card_expiry_yy: String,
        pub card_cvv: String,
    }
}

/// The replies, with the string type of a reader.
macro_rules! replies {
    ($module:ident, $text:ty $(, $borrow:meta)?) => {
        #[allow(dead_code)] // what is read is not used here
        pub mod $module {
            #[allow(unused_imports)]
            use super::{Deserialize, Text};

            #[derive(Deserialize)]
            pub struct Reply<'a> {
                pub cf_payment_id: u64,
                pub payment_amount: Option<f64>,
                $(#[$borrow])? pub payment_method: Option<$text>,
                $(#[$borrow])? pub channel: Option<$text>,
                $(#[$borrow])? pub action: Option<$text>,
                #[serde(borrow)]
                pub data: Option<Data<'a>>,
            }

            #[derive(Deserialize)]
            pub struct Data<'a> {
                $(#[$borrow])? pub url: Option<$text>,
                #[serde(borrow)]
                pub payload: Option<Payload<'a>>,
                $(#[$borrow])? pub method: Option<$text>,
            }

            #[derive(Deserialize)]
            pub struct Payload<'a> {
                $(#[$borrow])? pub bhim: Option<$text>,
                $(#[$borrow])? pub default: Option<$text>,
                $(#[$borrow])? pub gpay: Option<$text>,
                $(#[$borrow])? pub paytm: Option<$text>,
                $(#[$borrow])? pub phonepe: Option<$text>,
                $(#[$borrow])? pub web: Option<$text>,
                $(#[$borrow])? pub qrcode: Option<$text>,
                #[serde(skip)]
                pub lifetime: core::marker::PhantomData<&'a ()>,
            }

            #[derive(Deserialize)]
            pub struct Order<'a> {
                $(#[$borrow])? pub order_id: $text,
                $(#[$borrow])? pub order_status: $text,
                pub order_amount: f64,
                $(#[$borrow])? pub order_currency: $text,
                $(#[$borrow])? pub payment_session_id: Option<$text>,
                $(#[$borrow])? pub cf_order_id: Option<$text>,
                $(#[$borrow])? pub order_expiry_time: Option<$text>,
                #[serde(skip)]
                pub lifetime: core::marker::PhantomData<&'a ()>,
            }

            #[derive(Deserialize)]
            pub struct Payment<'a> {
                pub cf_payment_id: u64,
                $(#[$borrow])? pub order_id: Option<$text>,
                $(#[$borrow])? pub payment_status: $text,
                pub payment_amount: Option<f64>,
                pub is_captured: Option<bool>,
                $(#[$borrow])? pub payment_group: Option<$text>,
                $(#[$borrow])? pub bank_reference: Option<$text>,
                $(#[$borrow])? pub payment_message: Option<$text>,
                $(#[$borrow])? pub payment_completion_time: Option<$text>,
                #[serde(skip)]
                pub lifetime: core::marker::PhantomData<&'a ()>,
            }
        }
    };
}

/// Borrowed, and unescaped into a string of its own only where there is an escape.
#[allow(dead_code)] // see there
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

replies!(owning, String);
replies!(borrowing, Text<'a>, serde(borrow));
replies!(raw, &'a str, serde(borrow));
