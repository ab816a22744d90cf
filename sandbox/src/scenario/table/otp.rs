//! One-time passwords.

use crate::ground::wire::Place;
use crate::scenario::act::{Act, LOST_BEFORE, On, cut, first, refuse};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{LEAVES, Means, pays_after};
use crate::scenario::table::row::{ends, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-101",
        "OTP: wrong, then right",
        "a wrong OTP is answered with HTTP 200",
        Means::CardOtp,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["000000", "111000"])
    .shopper(LEAVES),
    scenario(
        "SB-102",
        "OTP: wrong three times",
        "the third wrong OTP fails the attempt",
        Means::CardOtp,
        &[],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .otps(&["000000", "000001", "000002"])
    .shopper(LEAVES),
    scenario(
        "SB-103",
        "OTP: sent again",
        "the shopper asks for another OTP first",
        Means::CardOtp,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["", "111000"])
    .shopper(LEAVES),
    scenario(
        "SB-104",
        "OTP: too late",
        "the OTP has expired; the shopper pays on the bank's page",
        Means::CardOtp,
        &[first(On::Otp, Act::Jump { ms: 360_000 })],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(&[&[pays_after(390_000)]]),
    scenario(
        "SB-105",
        "OTP: already processed",
        "the shopper was faster on the bank's page; the OTP is refused",
        Means::CardOtp,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(&[&[pays_after(0)]]),
    scenario(
        "SB-106",
        "OTP: the answer is lost",
        "the OTP is accepted and the answer lost; it must not be sent again",
        Means::CardOtp,
        &[first(On::Otp, cut(Place::Start))],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(LEAVES),
    scenario(
        "SB-107",
        "OTP: lost before",
        "the OTP never arrives; the shopper pays on the bank's page",
        Means::CardOtp,
        &[first(On::Otp, LOST_BEFORE)],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(&[&[pays_after(20_000)]]),
    scenario(
        "SB-108",
        "OTP: the bank fails",
        "502 bank_processing_failure; nobody pays",
        Means::CardOtp,
        &[first(On::Otp, refuse(502, "api_error", "bank_processing_failure"))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(LEAVES),
    scenario(
        "SB-109",
        "OTP: 429",
        "throttled, with headers; the same OTP is sent again",
        Means::CardOtp,
        &[first(On::Otp, Act::Throttle { retry_s: 3, executed: false, stored: false })],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(LEAVES),
    scenario(
        "SB-110",
        "OTP: another payment's answer",
        "the OTP is accepted; the answer is about another payment, whose OTP was wrong",
        Means::CardOtp,
        &[first(On::Otp, Act::Edit(edit::other_otp))],
        ends(Expect::Paid, Expect::Pending),
    )
    .otps(&["111000"])
    .shopper(LEAVES),
    scenario(
        "SB-111",
        "OTP: an unknown status",
        "the OTP is wrong; the answer says SUCCESSFUL",
        Means::CardOtp,
        &[first(On::Otp, Act::Edit(edit::unknown_otp))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .otps(&["000000"])
    .shopper(LEAVES),
];
