//! What the shopper and their bank do.

use crate::scenario::act::{Act, On, nth};
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{
    LEAVES, Means, PAYS_BEFORE_CLOSING, PAYS_BEFORE_NEXT, drops_after, fails_after, pays_after, pays_while_closing,
};
use crate::scenario::table::row::{ends, goes_back, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-78",
        "slow approval",
        "the shopper pays four minutes after the code is shown",
        Means::UpiQrCode,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .shopper(&[&[pays_after(240_000)]]),
    scenario(
        "SB-79",
        "the shopper leaves",
        "nobody pays; the terminal closes the order",
        Means::UpiQrCode,
        &[],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES),
    scenario(
        "SB-80",
        "the shopper drops out",
        "USER_DROPPED after five seconds",
        Means::Card,
        &[],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(&[&[drops_after(5_000)]]),
    scenario(
        "SB-81",
        "declined, then paid",
        "the first attempt fails, the second is paid",
        Means::Card,
        &[],
        ends(Expect::PaidOnRetry, Expect::Pending),
    )
    .tries(2)
    .shopper(&[&[fails_after(2_000)], &[pays_after(2_000)]]),
    scenario(
        "SB-82",
        "late success after failure",
        "the attempt fails and the sale is abandoned; then the attempt succeeds after all",
        Means::Card,
        &[],
        goes_back(Some(Expect::Pending)),
    )
    .shopper(&[&[fails_after(2_000), pays_while_closing(500)]]),
    scenario(
        "SB-83",
        "late success before the next attempt",
        "the first attempt fails, and succeeds when the second arrives, which is refused: order_already_paid",
        Means::Card,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .tries(2)
    .shopper(&[&[fails_after(2_000), PAYS_BEFORE_NEXT], &[]]),
    scenario(
        "SB-84",
        "success after the termination request",
        "the gateway has accepted the termination; half a second later the shopper pays",
        Means::UpiQrCode,
        &[],
        goes_back(Some(Expect::Pending)),
    )
    .shopper(&[&[pays_while_closing(500)]]),
    scenario(
        "SB-85",
        "success just before the termination request",
        "the shopper pays just before the termination request arrives, which is refused",
        Means::UpiQrCode,
        &[],
        goes_back(Some(Expect::Pending)),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-86",
        "success after the order has closed",
        "the bank approves a payment of a terminated order: the gateway returns the money itself (CANCELLED)",
        Means::UpiQrCode,
        &[],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(&[&[pays_while_closing(5_000)]]),
    scenario(
        "SB-87",
        "two successes",
        "the shopper switches to another link, and pays both",
        Means::UpiLink,
        &[],
        goes_back(None),
    )
    .switches()
    .shopper(&[&[pays_after(8_000)]]),
    scenario(
        "SB-88",
        "an earlier answer",
        "the second attempt gets the answer of the first; nobody sees the second's code, so it is sent again",
        Means::UpiQrCode,
        &[nth(2, On::Pay, Act::Earlier)],
        ends(Expect::PaidOnRetry, Expect::Pending),
    )
    .tries(2)
    .shopper(&[&[fails_after(2_000)], &[pays_after(2_000)]]),
];
