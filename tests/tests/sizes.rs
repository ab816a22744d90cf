//! How large the public types are: a terminal has them on its stack. The bounds fail to compile when something grows; the
//! table for the README comes from `cargo test -p tests --test sizes -- --nocapture`.

use pay_core::model::{Authenticate, CreateOrder, CreateRefund, NextAction, Order, OrderPay, OrderPayReply, Payment};
use pay_core::sale::{Outcome, Record, Sale, Step};
use pay_core::wire::{Endpoint, Request, ResponseHead};

macro_rules! sizes {
    ($($ty:ty: $name:literal <= $bound:literal,)*) => {
        $(const _: () = assert!(size_of::<$ty>() <= $bound, $name);)*

        fn table() -> Vec<(&'static str, usize, usize)> {
            vec![$(($name, size_of::<$ty>(), $bound),)*]
        }
    };
}

// Mutant: `card_holder_name` as `Text<200>` makes `OrderPay` too large and this file does not compile.
sizes! {
    OrderPay: "OrderPay" <= 1600,
    Authenticate: "Authenticate" <= 24,
    CreateOrder: "CreateOrder" <= 1488,
    CreateRefund: "CreateRefund" <= 200,
    OrderPayReply<'static>: "OrderPayReply" <= 216,
    NextAction<'static>: "NextAction" <= 112,
    Order<'static>: "Order" <= 136,
    Payment<'static>: "Payment" <= 160,
    Sale: "Sale" <= 2800,
    Record: "Record" <= 1200,
    Outcome: "Outcome" <= 64,
    Step<'static>: "Step" <= 192,
    Request<'static>: "Request" <= 144,
    ResponseHead: "ResponseHead" <= 144,
    Endpoint: "Endpoint" <= 536,
}

#[test]
fn a_table_of_sizes() {
    println!("| type | bytes (x86-64) | bound |\n|---|---|---|");
    for (name, size, bound) in table() {
        println!("| `{name}` | {size} | {bound} |");
        // A bound far above the size is no bound.
        assert!(size * 11 / 10 >= bound, "{name}: {size} of {bound}");
    }
}
