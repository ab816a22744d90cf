//! The codec beside `serde_json` and `serde-json-core` on the same bodies, in one run: `cargo bench -p tests --bench codec`.
//!
//! Every reader gets a fresh copy of the body outside the measured time and hands back what a terminal needs of it. The
//! structs of the others are what a program would derive: amounts as `f64`, no bound of depth or of repeated members, no check
//! of links. `serde-json-core` leaves escapes in borrowed strings as they are, so what it hands back for the UPI reply
//! cannot be used as it is.

use divan::{AllocProfiler, Bencher, black_box};
use pay_core::model::{ApiVersion, CallKind};
use pay_core::wire::decode;
use tests::build::Model;

mod bodies;
mod peers;

use bodies::{CARD, ORDER, payments, qr, upi_link};
use peers::{borrowing, owned, owning, raw};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

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
