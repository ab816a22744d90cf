//! The gateway's published test data: what is taken, and what comes of it.

/// How an attempt ends when the customer (or their bank) has acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money is taken.
    Success,
    /// The bank or the customer refused, with this error code.
    Failed(&'static str),
    /// The customer went away.
    UserDropped,
}

/// A card of the gateway's test data.
#[derive(Clone, Copy, Debug)]
pub struct TestCard {
    /// The card number.
    pub number: &'static str,
    /// `visa`, `mastercard` or `rupay`.
    pub network: &'static str,
    /// `debit_card` or `credit_card`, as `payment_group` names it.
    pub group: &'static str,
    /// Consumer, Premium, `B`usiness: `R`, `P` or `C` in `card_sub_type`.
    pub sub_type: &'static str,
    /// The issuer's name in payment entities.
    pub bank: &'static str,
}

/// The OTP that every test card takes.
pub const OTP: &str = "111000";

/// The net-banking code and name of the test bank.
pub const TEST_BANK: (u64, &str) = (3333, "TESTR");

const fn card(
    number: &'static str,
    network: &'static str,
    group: &'static str,
    sub_type: &'static str,
    bank: &'static str,
) -> TestCard {
    TestCard { number, network, group, sub_type, bank }
}

const DEBIT: &str = "debit_card";
const CREDIT: &str = "credit_card";

/// Every card number that the sandbox takes.
pub const CARDS: &[TestCard] = &[
    card("4111111111111111", "visa", CREDIT, "R", "TEST BANK"),
    card("4706131211212123", "visa", DEBIT, "R", "TEST BANK"),
    card("4062288312345026", "visa", DEBIT, "R", "TEST BANK"),
    card("4576238912771450", "visa", CREDIT, "R", "TEST BANK"),
    card("4444333322221111", "visa", CREDIT, "R", "TEST BANK"),
    card("4466050254381183", "visa", CREDIT, "P", "TEST BANK"),
    card("4136880012657791", "visa", CREDIT, "P", "TEST BANK"),
    card("4074970084343075", "visa", CREDIT, "C", "TEST BANK"),
    card("4770355457382883", "visa", CREDIT, "C", "TEST BANK"),
    card("5409162669381034", "mastercard", DEBIT, "R", "TEST BANK"),
    card("5445856839524391", "mastercard", DEBIT, "R", "TEST BANK"),
    card("5105105105105100", "mastercard", CREDIT, "R", "TEST BANK"),
    card("5176539438527826", "mastercard", CREDIT, "R", "TEST BANK"),
    card("5242535837492075", "mastercard", CREDIT, "P", "TEST BANK"),
    card("5203860658394375", "mastercard", CREDIT, "P", "TEST BANK"),
    card("5552190758372734", "mastercard", CREDIT, "C", "TEST BANK"),
    card("5506908329471983", "mastercard", CREDIT, "C", "TEST BANK"),
    card("6074825972083818", "rupay", DEBIT, "R", "TEST BANK"),
    card("6074828163369590", "rupay", DEBIT, "R", "TEST BANK"),
    card("6528591234543575", "rupay", CREDIT, "R", "TEST BANK"),
    card("4838305610460100", "visa", CREDIT, "R", "TEST BANK"),
    card("4111464776554152", "visa", CREDIT, "R", "AXIS BANK"),
    card("4622718532023725", "visa", CREDIT, "R", "STANDARD CHARTERED BANK"),
    card("4748466123467526", "visa", CREDIT, "R", "ICICI BANK"),
    card("4363907055315237", "visa", CREDIT, "R", "KOTAK MAHINDRA BANK"),
    card("4111563881333699", "visa", CREDIT, "R", "BANK OF BARODA"),
    card("4111584967050056", "visa", CREDIT, "R", "AU SMALL FINANCE BANK"),
    card("4112522962659579", "visa", CREDIT, "R", "CITI BANK"),
    card("4111651417903257", "visa", CREDIT, "R", "YES BANK"),
    card("4111535160946904", "visa", CREDIT, "R", "INDUSIND BANK"),
    card("4111666808320291", "visa", CREDIT, "R", "HSBC BANK"),
    card("4111592470372263", "visa", CREDIT, "R", "FEDERAL BANK"),
    card("4386241223215159", "visa", DEBIT, "R", "HDFC BANK"),
];

/// The test card of this number.
pub(crate) fn find_card(number: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.number == number)
}

impl TestCard {
    /// RuPay test cards pay on a page that is reached by posting a form, the others on one that is opened.
    #[must_use]
    pub fn by_form(&self) -> bool {
        self.network == "rupay"
    }

    /// Banks of corporate test cards take the OTP on their own page only.
    #[must_use]
    pub fn native_otp(&self) -> bool {
        self.sub_type != "C"
    }
}

/// Local parts of the test VPAs (`…@gocash`) and what they lead to.
const VPAS: &[(&str, Outcome)] = &[
    ("testsuccess", Outcome::Success),
    ("testtpvsuccess", Outcome::Success),
    ("testtpvfail", Outcome::Failed("TPV_FAILED")),
    ("testfailure", Outcome::Failed("TRANSACTION_DECLINED")),
    ("testinvalid", Outcome::Failed("INVALID_VPA")),
    ("testinvalidvpa", Outcome::Failed("INVALID_VPA")),
    ("testdeclineuser", Outcome::Failed("USER_DECLINED")),
    ("testexpired", Outcome::Failed("COLLECT_EXPIRED")),
    ("testtimeoutbank", Outcome::Failed("BANK_TIMEOUT")),
    ("testremitterunavailable", Outcome::Failed("REMITTER_UNAVAILABLE")),
    ("testinsufficientfunds", Outcome::Failed("INSUFFICIENT_FUNDS")),
    ("testbankdeclined", Outcome::Failed("BANK_DECLINED")),
    ("testriskflagged", Outcome::Failed("RISK_FLAGGED")),
    ("testnetworkerror", Outcome::Failed("NETWORK_ERROR")),
    ("testinvalidpin", Outcome::Failed("INVALID_PIN")),
    ("testremitterdispatchfailed", Outcome::Failed("REMITTER_DISPATCH_FAILED")),
    ("testbeneficiarytimeout", Outcome::Failed("BENEFICIARY_TIMEOUT")),
    ("testuserdropped", Outcome::UserDropped),
    ("testtransactionrisk", Outcome::Failed("TRANSACTION_RISK")),
    ("testfingerprintmismatch", Outcome::Failed("FINGERPRINT_MISMATCH")),
    ("testbankriskrejected", Outcome::Failed("BANK_RISK_REJECTED")),
    ("testremittertimeout", Outcome::Failed("REMITTER_TIMEOUT")),
    ("testfraud", Outcome::Failed("FRAUD")),
    ("testvalidationerror", Outcome::Failed("VALIDATION_ERROR")),
    ("testdebitfailed", Outcome::Failed("DEBIT_FAILED")),
    ("testpspunregistered", Outcome::Failed("PSP_UNREGISTERED")),
];

/// What a collect request to this VPA leads to; `None` for a VPA outside the test data, which waits.
pub(crate) fn vpa_outcome(vpa: &str) -> Option<Outcome> {
    let (local, bank) = vpa.split_once('@')?;
    let known = VPAS.iter().find(|(name, _)| *name == local)?;
    (bank == "gocash").then_some(known.1)
}
