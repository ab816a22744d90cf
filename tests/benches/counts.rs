//! One reading or writing of one body, for `cargo xtask codec` to count the instructions of: `counts BODY ours` or
//! `counts BODY serde_json`. What is counted is [`counted`] and what it calls; `cargo bench -p tests --bench codec` has the times.

use std::hint::black_box;

use pay_core::model::{ApiVersion, CallKind};
use pay_core::wire::decode;
use tests::build::Model;

#[path = "codec/bodies.rs"]
#[allow(dead_code)] // the other benchmark's, too
mod bodies;
#[path = "codec/peers.rs"]
#[allow(dead_code)]
mod peers;

use bodies::{CARD, ORDER, payments, qr, upi_link};
use peers::{borrowing, owned};

/// Its name is what the counter is turned on by.
#[inline(never)]
fn counted(run: impl FnOnce()) {
    run();
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let (Some(body), Some(whose)) = (arguments.next(), arguments.next()) else {
        println!("counts: run by `cargo xtask codec`");
        return;
    };
    let ours = whose == "ours";
    match body.as_str() {
        "read_upi_link" => reply(upi_link(), ours),
        "read_qr" => reply(qr(), ours),
        "read_order" => order(ORDER.into(), ours),
        "read_payments" => list(payments(), ours),
        "write_card" if ours => {
            let model = Model::build(CallKind::OrderPay, &serde_json::from_str(CARD).unwrap()).unwrap();
            let mut tx = [0; 1024];
            counted(|| {
                black_box(black_box(&model).encode(ApiVersion::V2025_01_01, black_box(&mut tx)).unwrap());
            });
        }
        "write_card" => {
            let request: owned::OrderPay = serde_json::from_str(CARD).unwrap();
            let mut tx = [0_u8; 1024];
            counted(|| serde_json::to_writer(black_box(&mut tx[..]), black_box(&request)).unwrap());
        }
        _ => panic!("no such body"),
    }
}

fn reply(mut body: Vec<u8>, ours: bool) {
    let rx = body.as_mut_slice();
    if ours {
        counted(|| {
            black_box(decode::order_pay(black_box(rx)).unwrap());
        });
    } else {
        counted(|| {
            black_box(serde_json::from_slice::<borrowing::Reply<'_>>(black_box(rx)).unwrap());
        });
    }
}

fn order(mut body: Vec<u8>, ours: bool) {
    let rx = body.as_mut_slice();
    if ours {
        counted(|| {
            black_box(decode::order(black_box(rx)).unwrap());
        });
    } else {
        counted(|| {
            black_box(serde_json::from_slice::<borrowing::Order<'_>>(black_box(rx)).unwrap());
        });
    }
}

fn list(mut body: Vec<u8>, ours: bool) {
    let rx = body.as_mut_slice();
    if ours {
        counted(|| {
            let mut payments = decode::payments(black_box(rx));
            while let Some(payment) = payments.next().unwrap() {
                black_box(payment);
            }
        });
    } else {
        counted(|| {
            black_box(serde_json::from_slice::<Vec<borrowing::Payment<'_>>>(black_box(rx)).unwrap());
        });
    }
}
