//! The codec beside `serde_json` and `serde-json-core` on the same bodies, in one run: `cargo bench -p tests --bench codec`.
//!
//! Every reader gets a fresh copy of the body outside the measured time and hands back what a terminal needs of it. The
//! structs of the others are what a program would derive: amounts as `f64`, no bound of depth or of repeated members, no check
//! of links. `serde-json-core` leaves escapes in borrowed strings as they are, so what it hands back for the UPI reply
//! cannot be used as it is.

use std::borrow::Cow;

use divan::{AllocProfiler, Bencher, black_box};
use pay_core::model::{ApiVersion, CallKind};
use pay_core::wire::decode;
use serde::{Deserialize, Serialize};
use tests::build::Model;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const CARD: &str = r#"{"payment_session_id":"session__CvcEmNKDkmERQrxnx39ibhJ3Ii034pjc8ZVxf3qcgEXCWlgDDlHRgz2XYZCqpajDQSXMMtCusPgOIxYP2LZx0-05p39gC2Vgmq1RAj--gcn","payment_method":{"card":{"channel":"link","card_number":"4111111111111111","card_holder_name":"Meera Rao","card_expiry_mm":"03","card_expiry_yy":"28","card_cvv":"123"}},"save_instrument":true,"offer_id":"faa6cc05-d1e2-401c-b0cf-0c9db3ff0f0b"}"#;

const ORDER: &str = r#"{"cart_details":null,"cf_order_id":"2183323902","created_at":"2026-08-05T03:23:09+05:30","customer_details":{"customer_email":null,"customer_id":"walk-in","customer_name":null,"customer_phone":"9000000017","customer_uid":null},"entity":"order","order_amount":10.34,"order_currency":"INR","order_expiry_time":"2026-09-04T03:23:09+05:30","order_id":"till3-0000000000000a1f","order_meta":{"notify_url":null,"payment_methods":null,"return_url":"https://shop.example/return"},"order_note":null,"order_splits":[],"order_status":"ACTIVE","order_tags":null,"payment_session_id":"session__CvcEmNKDkmERQrxnx39ibhJ3Ii034pjc8ZVxf3qcgEXCWlgDDlHRgz2XYZCqpajDQSXMMtCusPgOIxYP2LZx0-05p39gC2Vgmq1RAj--gcn","terminal_data":null}"#;

fn upi_link() -> Vec<u8> {
    let query = r"pa=shop.till3%40okbank\u0026pn=Shop%20and%20Co\u0026tr=ATC1457655315005187584\u0026am=10.15\u0026cu=INR\u0026mode=00\u0026purpose=00\u0026mc=5732\u0026tn=Tea";
    let web = "https://api.cashfree.com/pg/view/upi/7f3a.session__CvcEmNKDkmERQrxnx39ibhJ3Ii034pjc8ZVxf3qcgEXCWlgDDlHRgz2XYZCqpajDQSXMMtCusPgOIxYP2LZx0-05p39gC2Vgmq1RAj--gcn.c0ffee";
    format!(
        r#"{{"action":"custom","cf_payment_id":1457655315005187584,"channel":"link","data":{{"url":null,"payload":{{"bhim":"bhim://upi/pay?{query}","default":"upi://pay?{query}","gpay":"tez://upi/pay?{query}","paytm":"paytmmp://pay?{query}","phonepe":"phonepe://pay?{query}","web":"{web}"}},"content_type":null,"method":null}},"payment_amount":10.15,"payment_method":"upi"}}"#
    )
    .into_bytes()
}

fn qr() -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let image: String = (0..9_600_usize).map(|i| char::from(digits[i * i % 61])).collect();
    format!(
        r#"{{"action":"custom","cf_payment_id":1457655315005187584,"channel":"qrcode","data":{{"url":null,"payload":{{"qrcode":"data:image/png;base64,{image}"}},"content_type":null,"method":null}},"payment_amount":10.15,"payment_method":"upi"}}"#
    )
    .into_bytes()
}

fn payments() -> Vec<u8> {
    let one = |id: u64, status: &str| {
        format!(
            r#"{{"auth_id":null,"authorization":null,"bank_reference":"232626286848","cf_payment_id":{id},"entity":"payment","error_details":null,"is_captured":true,"order_amount":10.15,"order_id":"till3-0000000000000a1f","payment_amount":10.15,"payment_completion_time":"2026-09-18T16:52:45+05:30","payment_currency":"INR","payment_gateway_details":null,"payment_group":"upi","payment_message":"{status} \u0026 noted","payment_method":{{"upi":{{"channel":"link","upi_id":"meera@okbank"}}}},"payment_offers":null,"payment_status":"{status}","payment_time":"2026-09-18T16:52:12+05:30"}}"#
        )
    };
    let statuses = ["SUCCESS", "FAILED", "USER_DROPPED", "FAILED"];
    let list: Vec<_> = (0_u64..).zip(statuses).map(|(i, status)| one(1_457_655_315_005_187_584 + i, status)).collect();
    format!("[{}]", list.join(",")).into_bytes()
}

/// A request as a program would derive it.
mod owned {
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
        mod $module {
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

/// Four readers of one body.
macro_rules! readers {
    ($module:ident, $body:expr, $ours:expr, $owned:ty, $borrowed:ty, $raw:ty) => {
        mod $module {
            use super::*;

            #[divan::bench]
            fn pay_core(bencher: Bencher<'_, '_>) {
                let body: Vec<u8> = $body;
                bencher.with_inputs(|| body.clone()).bench_local_refs(|rx| $ours(black_box(rx)));
            }

            #[divan::bench]
            fn serde_json_borrowed(bencher: Bencher<'_, '_>) {
                let body: Vec<u8> = $body;
                bencher.with_inputs(|| body.clone()).bench_local_refs(|rx| {
                    black_box(serde_json::from_slice::<$borrowed>(black_box(rx)).unwrap());
                });
            }

            #[divan::bench]
            fn serde_json_owned(bencher: Bencher<'_, '_>) {
                let body: Vec<u8> = $body;
                bencher.with_inputs(|| body.clone()).bench_local_refs(|rx| {
                    black_box(serde_json::from_slice::<$owned>(black_box(rx)).unwrap());
                });
            }

            #[divan::bench]
            fn serde_json_core_borrowed(bencher: Bencher<'_, '_>) {
                let body: Vec<u8> = $body;
                bencher.with_inputs(|| body.clone()).bench_local_refs(|rx| {
                    black_box(serde_json_core::from_slice::<$raw>(black_box(rx)).unwrap());
                });
            }
        }
    };
}

fn read_reply(rx: &mut [u8]) {
    black_box(decode::order_pay(rx).unwrap());
}

readers!(decode_upi_link, upi_link(), read_reply, owning::Reply<'_>, borrowing::Reply<'_>, raw::Reply<'_>);
readers!(decode_qr, qr(), read_reply, owning::Reply<'_>, borrowing::Reply<'_>, raw::Reply<'_>);
readers!(
    decode_order,
    ORDER.as_bytes().to_vec(),
    |rx: &mut [u8]| {
        black_box(decode::order(rx).unwrap());
    },
    owning::Order<'_>,
    borrowing::Order<'_>,
    raw::Order<'_>
);
readers!(
    decode_payments,
    payments(),
    |rx: &mut [u8]| {
        let mut payments = decode::payments(rx);
        while let Some(payment) = payments.next().unwrap() {
            black_box(payment);
        }
    },
    Vec<owning::Payment<'_>>,
    Vec<borrowing::Payment<'_>>,
    // It has no growing list: four is what the body has.
    [raw::Payment<'_>; 4]
);

mod encode_card {
    use super::*;

    fn request() -> owned::OrderPay {
        serde_json::from_str(CARD).unwrap()
    }

    #[divan::bench]
    fn pay_core(bencher: Bencher<'_, '_>) {
        let model = Model::build(CallKind::OrderPay, &serde_json::from_str(CARD).unwrap()).unwrap();
        let mut tx = [0; 1024];
        bencher.bench_local(|| black_box(&model).encode(ApiVersion::V2025_01_01, black_box(&mut tx)).unwrap());
    }

    #[divan::bench]
    fn serde_json_to_slice(bencher: Bencher<'_, '_>) {
        let request = request();
        let mut tx = [0_u8; 1024];
        bencher.bench_local(|| serde_json::to_writer(black_box(&mut tx[..]), black_box(&request)).unwrap());
    }

    #[divan::bench]
    fn serde_json_to_vec(bencher: Bencher<'_, '_>) {
        let request = request();
        bencher.bench_local(|| serde_json::to_vec(black_box(&request)).unwrap());
    }

    #[divan::bench]
    fn serde_json_core_to_slice(bencher: Bencher<'_, '_>) {
        let request = request();
        let mut tx = [0; 1024];
        bencher.bench_local(|| serde_json_core::to_slice(black_box(&request), black_box(&mut tx)).unwrap());
    }
}
