//! Payments of somebody else on the same order, and orders of somebody else.

use crate::books::payment::PaymentStatus;
use crate::ground::test_data::Outcome;
use crate::ground::wire::Place;
use crate::scenario::act::{Act, On, cut, first, stranger};
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{
    LEAVES, Means, PAYS_BEFORE_CLOSING, STRANGER_PAYS_WHILE_CLOSING, pays_after, stranger_pays_after,
};
use crate::scenario::table::row::{asks, ends, goes_back, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-136",
        "paid by another terminal before",
        "the order is paid by another terminal before the first attempt is sent",
        Means::Card,
        &[first(On::Create, stranger(PaymentStatus::Success))],
        ends(Expect::PaidElsewhere, Expect::Unknown),
    )
    .given(),
    scenario(
        "SB-137",
        "another terminal was faster",
        "another terminal pays the order just before the attempt arrives: order_already_paid",
        Means::Card,
        &[first(On::Pay, stranger(PaymentStatus::Success))],
        ends(Expect::PaidUnclear, Expect::Unknown),
    )
    .given(),
    scenario(
        "SB-138",
        "another terminal's payment is pending, and succeeds",
        "another terminal's payment is PENDING before the first attempt is sent, and succeeds 20 seconds later",
        Means::Card,
        &[first(
            On::Create,
            Act::Strangers { times: 1, status: PaymentStatus::Pending, then: Some((20_000, Outcome::Success)) },
        )],
        ends(Expect::PaidElsewhere, Expect::Pending),
    )
    .given(),
    scenario(
        "SB-139",
        "another terminal's payment is pending, and fails",
        "another terminal's payment is PENDING before the first attempt is sent, and fails 20 seconds later",
        Means::Card,
        &[first(
            On::Create,
            Act::Strangers {
                times: 1,
                status: PaymentStatus::Pending,
                then: Some((20_000, Outcome::Failed("TRANSACTION_DECLINED"))),
            },
        )],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .given(),
    scenario(
        "SB-140",
        "another terminal is paid instead",
        "our code is shown, another terminal's payment succeeds, and ours is never paid",
        Means::UpiQrCode,
        &[],
        ends(Expect::PaidElsewhere, Expect::Pending),
    )
    .given()
    .shopper(&[&[stranger_pays_after(5_000)]]),
    scenario(
        "SB-141",
        "another terminal is paid in the same second",
        "two payments succeed in the same second: ours and another terminal's",
        Means::UpiQrCode,
        &[],
        goes_back(Some(Expect::Pending)),
    )
    .given()
    .shopper(&[&[pays_after(5_000), stranger_pays_after(5_000)]]),
    scenario(
        "SB-142",
        "another terminal is paid later",
        "ours succeeds, and ten seconds later another terminal's",
        Means::UpiQrCode,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .given()
    .shopper(&[&[pays_after(5_000), stranger_pays_after(15_000)]]),
    scenario(
        "SB-143",
        "another terminal is paid first, then this one",
        "another terminal's payment succeeds, and ten seconds later ours",
        Means::UpiQrCode,
        &[],
        goes_back(Some(Expect::Pending)),
    )
    .given()
    .shopper(&[&[stranger_pays_after(5_000), pays_after(15_000)]]),
    scenario(
        "SB-144",
        "another terminal is paid while this one closes",
        "nobody pays at this terminal; while the order is being closed another terminal's payment succeeds",
        Means::UpiQrCode,
        &[],
        ends(Expect::PaidElsewhere, Expect::Pending),
    )
    .given()
    .shopper(&[&[STRANGER_PAYS_WHILE_CLOSING]]),
    scenario(
        "SB-145",
        "another terminal is paid, and our answer is lost",
        "the card is not charged and the answer is lost; another terminal's payment succeeds, and nothing tells whose it is",
        Means::Card,
        &[first(On::Pay, cut(Place::Start))],
        ends(Expect::PaidUnclear, Expect::Unknown),
    )
    .given()
    .shopper(&[&[stranger_pays_after(1_000)]]),
    scenario(
        "SB-146",
        "twenty failed attempts of others",
        "twenty attempts of the shopper on the merchant's site failed; the shopper pays here",
        Means::UpiQrCode,
        &[first(On::Create, Act::Strangers { times: 20, status: PaymentStatus::Failed, then: None })],
        ends(Expect::Paid, Expect::Pending),
    )
    .given(),
    scenario(
        "SB-147",
        "twenty failed attempts of others, and a late success",
        "the same; the shopper pays just before the termination request arrives",
        Means::UpiQrCode,
        &[first(On::Create, Act::Strangers { times: 20, status: PaymentStatus::Failed, then: None })],
        goes_back(Some(Expect::Pending)),
    )
    .given()
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-148",
        "the order exists, and is paid",
        "an order with this id and amount already exists and is PAID: 409",
        Means::UpiQrCode,
        &[first(On::Create, Act::Exists { more: 0, payment: Some(PaymentStatus::Success) })],
        asks(Expect::PaidElsewhere),
    )
    .creates(),
    scenario(
        "SB-149",
        "the order exists, and is being paid",
        "an order with this id and amount already exists, with a payment that stays PENDING: 409",
        Means::UpiQrCode,
        &[first(On::Create, Act::Exists { more: 0, payment: Some(PaymentStatus::Pending) })],
        asks(Expect::OrderTaken),
    )
    .creates(),
    scenario(
        "SB-150",
        "an abandoned code of others",
        "another terminal's code was never paid and reads NOT_ATTEMPTED for ever; nobody pays here either",
        Means::UpiQrCode,
        &[first(On::Create, stranger(PaymentStatus::NotAttempted))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .given()
    .shopper(LEAVES),
];
