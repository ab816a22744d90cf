//! Making orders and closing them.

use crate::ground::wire::Place;
use crate::scenario::act::{Act, LOST_BEFORE, On, cut, each, first, nth, refuse};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{LEAVES, Means};
use crate::scenario::table::row::{asks, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-89",
        "the order exists, with another amount",
        "an order with this id exists and costs one rupee more: 409",
        Means::UpiQrCode,
        &[first(On::Create, Act::Exists { more: 100, payment: None })],
        asks(Expect::OrderTaken),
    )
    .creates(),
    scenario(
        "SB-90",
        "the order exists, and is ours",
        "an order with this id and amount already exists: 409",
        Means::UpiQrCode,
        &[first(On::Create, Act::Exists { more: 0, payment: None })],
        asks(Expect::Paid),
    )
    .creates(),
    scenario(
        "SB-91",
        "create: lost before",
        "the connection ends before the order is created",
        Means::UpiQrCode,
        &[first(On::Create, LOST_BEFORE)],
        asks(Expect::Paid),
    )
    .creates(),
    scenario(
        "SB-92",
        "create: lost after",
        "the order is created and the answer lost",
        Means::UpiQrCode,
        &[first(On::Create, cut(Place::Start))],
        asks(Expect::Paid),
    )
    .creates(),
    scenario(
        "SB-93",
        "create: 500 after it was created",
        "the order is created, then the gateway fails, and stores the failure",
        Means::UpiQrCode,
        &[first(On::Create, Act::Fail { executed: true })],
        asks(Expect::Paid),
    )
    .creates(),
    scenario(
        "SB-94",
        "create: a stored 500",
        "the order is never created: the gateway repeats the stored 500",
        Means::UpiQrCode,
        &[first(On::Create, Act::Fail { executed: false })],
        asks(Expect::NotStarted),
    )
    .creates(),
    scenario(
        "SB-95",
        "create: an answer about another order",
        "the order is created; the answer is about another order",
        Means::UpiQrCode,
        &[first(On::Create, Act::Edit(edit::other_order))],
        asks(Expect::Paid),
    )
    .creates(),
    scenario(
        "SB-96",
        "create: 401",
        "the merchant's keys are refused",
        Means::UpiQrCode,
        &[first(On::Create, refuse(401, "authentication_error", "request_failed"))],
        asks(Expect::NotPaid),
    )
    .creates(),
    scenario(
        "SB-97",
        "create: 429",
        "throttled, with headers",
        Means::UpiQrCode,
        &[first(On::Create, Act::Throttle { retry_s: 3, executed: false, stored: false })],
        asks(Expect::Paid),
    )
    .creates(),
    scenario(
        "SB-98",
        "terminate: always refused",
        "the order cannot be closed, and expires",
        Means::UpiQrCode,
        &[each(On::Terminate, refuse(403, "invalid_request_error", "order_terminate_not_enabled"))],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-99",
        "terminate: the answer is lost",
        "the order is being closed; the terminal has not learned it",
        Means::UpiQrCode,
        &[first(On::Terminate, cut(Place::Start))],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-100",
        "the clock jumps a day",
        "during the sale the gateway's clock jumps ahead by a day: the order has expired",
        Means::UpiQrCode,
        &[nth(3, On::Order, Act::Jump { ms: 86_400_000 })],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
];
