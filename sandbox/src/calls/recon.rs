//! The reconciliation's pages: what happened to money in a time, event by event.

use crate::books::ledger::Books;
use crate::books::payment::PaymentStatus;
use crate::books::refund::RefundStatus;
use crate::calls::call::Call;
use crate::calls::check::{Kind, Member, Others, check, member};
use crate::ground::amount::Paise;
use crate::ground::error::Refusal;
use crate::ground::json::{Object, text};
use crate::ground::time::{UnixMillis, from_iso, to_iso};
use crate::ground::version::ApiVersion;
use serde_json::{Map, Value, json};

const REQUEST: &[Member] = &[member("pagination", Kind::Object).required(), member("filters", Kind::Object).required()];
const PAGINATION: &[Member] =
    &[member("limit", Kind::Integer(1, 1000)).required(), member("cursor", Kind::Text(1, 200))];
const FILTERS: &[Member] = &[member("start_date", Kind::Time).required(), member("end_date", Kind::Time).required()];

/// Members of one group: what it is called in 2026-01-01, its members there, and their names in the flat form before where
/// they differ. `-`: the flat form has none.
type Group = (&'static str, &'static [(&'static str, &'static str)]);

const GROUPS: [Group; 7] = [
    (
        "event_details",
        &[
            ("event_id", ""),
            ("event_type", ""),
            ("event_settlement_amount", ""),
            ("event_amount", ""),
            ("sale_type", ""),
            ("event_status", ""),
            ("entity", ""),
            ("event_time", ""),
            ("event_currency", ""),
            ("event_service_charge", "-"),
            ("event_service_tax", "-"),
            ("event_remarks", "-"),
        ],
    ),
    ("order_details", &[("order_id", ""), ("order_amount", ""), ("order_currency", "-"), ("order_tags", "-")]),
    (
        "customer_details",
        &[
            ("customer_phone", ""),
            ("customer_email", ""),
            ("customer_name", ""),
            ("customer_id", "-"),
            ("customer_bank_account_number", "-"),
            ("customer_bank_code", "-"),
            ("customer_bank_ifsc", "-"),
        ],
    ),
    (
        "payment_details",
        &[
            ("payment_amount", ""),
            ("payment_currency", "-"),
            ("bank_reference", "payment_utr"),
            ("payment_time", ""),
            ("payment_group", "-"),
            ("payment_service_charge", ""),
            ("payment_service_tax", ""),
            ("cf_payment_id", ""),
            ("status", "-"),
            ("forex_conversion_handling_charge", ""),
            ("forex_conversion_handling_tax", ""),
            ("charges_currency", ""),
        ],
    ),
    (
        "settlement_details",
        &[
            ("cf_settlement_id", ""),
            ("settlement_date", ""),
            ("utr", "settlement_utr"),
            ("split_service_charge", ""),
            ("split_service_tax", ""),
            ("vendor_commission", ""),
            ("payment_from", ""),
            ("payment_till", ""),
            ("reason", ""),
            ("remarks", ""),
            ("service_charge", ""),
            ("service_tax", ""),
            ("settlement_charge", ""),
            ("settlement_initiated_on", ""),
            ("settlement_tax", ""),
            ("settlement_type", ""),
        ],
    ),
    (
        "dispute_details",
        &[("closed_in_favor_of", ""), ("dispute_resolved_on", ""), ("dispute_category", ""), ("dispute_note", "")],
    ),
    ("refund_details", &[("refund_processed_at", ""), ("refund_arn", ""), ("refund_note", ""), ("refund_id", "")]),
];
/// What the flat form has beside these.
const FLAT: [&str; 3] = ["adjustment_remarks", "adjustment", "amount_settled"];

/// An event by its time and its place in the books: what a cursor names, and the order of the pages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: UnixMillis,
    of: Of,
    place: usize,
}

/// Which book it is in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Payment,
    Refund,
    Dispute,
}

impl Books {
    /// `POST /recon`
    pub(crate) fn recon(&self, call: &Call<'_>) -> Result<Value, Refusal> {
        let request = call.object()?;
        let version = call.version;
        check(&request, REQUEST, "", version, Others::Refused)?;
        let part = |name: &str| request.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let (pagination, filters) = (part("pagination"), part("filters"));
        check(&pagination, PAGINATION, "pagination.", version, Others::Refused)?;
        check(&filters, FILTERS, "filters.", version, Others::Refused)?;
        let time = |name: &str| text(&filters, name).and_then(from_iso).unwrap_or(0);
        // Whole seconds: the last one belongs to the time.
        let (from, to) = (time("start_date"), time("end_date") + 999);
        if from > to {
            return Err(Refusal::wrong("filters.end_date", "is before start_date"));
        }
        let after = match text(&pagination, "cursor") {
            None => None,
            Some(cursor) => Some(
                Place::parse(cursor)
                    .ok_or_else(|| Refusal::wrong("pagination.cursor", "is not one of an earlier answer"))?,
            ),
        };
        let limit = pagination.get("limit").and_then(Value::as_u64).unwrap_or(10);
        let most = usize::try_from(limit).unwrap_or(10);
        // What is too young is not on the pages yet.
        let to = to.min(call.now.saturating_sub(call.terms.recon_late_ms));
        let is_asked = |place: &Place| (from..=to).contains(&place.at) && after.is_none_or(|after| *place > after);
        let mut places: Vec<Place> = self.places().filter(is_asked).collect();
        let is_last = places.len() <= most;
        if !is_last {
            let _ = places.select_nth_unstable(most);
            places.truncate(most);
        }
        places.sort_unstable();
        let cursor = places.last().filter(|_| !is_last).map(Place::cursor);
        let data: Vec<Value> = places.iter().filter_map(|place| Some(shaped(self.event(place)?, version))).collect();
        Ok(json!({"cursor": cursor, "limit": limit, "data": data}))
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let payments = self.payments.iter().enumerate().map(|(place, payment)| Place {
            at: payment.completed.unwrap_or(payment.created),
            of: Of::Payment,
            place,
        });
        let refunds = self.refunds.iter().enumerate().map(|(place, refund)| Place {
            at: if refund.status == RefundStatus::Success { refund.due } else { refund.created },
            of: Of::Refund,
            place,
        });
        let disputes =
            self.disputes.iter().enumerate().map(|(place, dispute)| Place { at: dispute.at, of: Of::Dispute, place });
        payments.chain(refunds).chain(disputes)
    }

    /// What is known of an event, by the names of the flat form where there is one.
    fn event(&self, place: &Place) -> Option<Object> {
        let mut event = Map::new();
        let mut put = |name: &str, value: Value| {
            event.insert(name.to_owned(), value);
        };
        let (kind, id, status, amount, payment) = match place.of {
            Of::Payment => {
                let payment = self.payments.get(place.place)?;
                // As in the specification's example: what took no money has none.
                let amount = if payment.status == PaymentStatus::Success { payment.amount } else { Paise(0) };
                ("PAYMENT", payment.id.to_string(), payment.status.as_str(), amount, payment.id)
            }
            Of::Refund => {
                let refund = self.refunds.get(place.place)?;
                let is_done = refund.status == RefundStatus::Success;
                if !refund.id.is_empty() {
                    put("refund_id", refund.id.clone().into());
                }
                put("refund_note", refund.note.clone().into());
                put("refund_arn", is_done.then(|| format!("RF{}", refund.cf_id)).into());
                put("refund_processed_at", is_done.then(|| to_iso(refund.due)).into());
                ("REFUND", refund.cf_id.to_string(), refund.status.as_str(), refund.amount, refund.payment_id)
            }
            Of::Dispute => {
                let dispute = self.disputes.get(place.place)?;
                let payment = self.payments.get(dispute.place)?;
                put("dispute_category", "1402-Duplicate Processing".into());
                ("DISPUTE", dispute.id.to_string(), "CREATED", payment.amount, payment.id)
            }
        };
        let payment = self.payments.binary_search_by_key(&payment, |payment| payment.id).ok();
        let payment = self.payments.get(payment?)?;
        let order = self.orders.get(&payment.order_id)?;
        let customer = |name: &str| order.request.get("customer_details").and_then(|all| all.get(name)).cloned();
        put("event_type", kind.into());
        put("event_id", id.into());
        put("event_status", status.into());
        put("event_amount", amount.json());
        // Fees are not modelled.
        put("event_settlement_amount", amount.json());
        put("event_currency", "INR".into());
        put("event_time", to_iso(place.at).into());
        put("sale_type", if place.of == Of::Payment { "CREDIT" } else { "DEBIT" }.into());
        put("entity", "recon".into());
        put("order_id", order.id.clone().into());
        put("order_amount", order.amount.json());
        put("order_currency", "INR".into());
        for name in ["customer_phone", "customer_email", "customer_name", "customer_id"] {
            put(name, customer(name).unwrap_or(Value::Null));
        }
        put("payment_amount", payment.amount.json());
        put("payment_currency", "INR".into());
        put("payment_time", to_iso(payment.created).into());
        put("payment_group", payment.group.into());
        put("cf_payment_id", payment.id.into());
        put("status", payment.status.as_str().into());
        Some(event)
    }
}

/// As a version has it: in groups since 2026-01-01, flat before. What is absent is null.
fn shaped(mut event: Object, version: ApiVersion) -> Value {
    let id = event.get("cf_payment_id").and_then(Value::as_u64);
    event.insert("cf_payment_id".to_owned(), id.map_or(Value::Null, |id| version.id(id)));
    let mut take = |name: &str| event.remove(name).unwrap_or(Value::Null);
    if version >= ApiVersion::V2026_01_01 {
        let group = |(name, members): &Group| {
            let members: Object = members.iter().map(|(name, _)| ((*name).to_owned(), take(name))).collect();
            ((*name).to_owned(), Value::Object(members))
        };
        return Value::Object(GROUPS.iter().map(group).collect());
    }
    // Currency conversion came with 2025-01-01.
    let is_there = |flat: &str| flat != "-" && (version >= ApiVersion::V2025_01_01 || !is_of_2025(flat));
    let mut flat = Map::new();
    for (name, other) in GROUPS.iter().flat_map(|(_, members)| members.iter()) {
        let flat_name = if other.is_empty() { name } else { other };
        if is_there(flat_name) {
            flat.insert((*flat_name).to_owned(), take(name));
        }
    }
    flat.extend(FLAT.iter().map(|name| ((*name).to_owned(), Value::Null)));
    Value::Object(flat)
}

fn is_of_2025(name: &str) -> bool {
    name.starts_with("forex_") || name == "charges_currency"
}

impl Place {
    fn cursor(&self) -> String {
        format!("{}-{}-{}", self.at, self.of as u8, self.place)
    }

    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.splitn(3, '-');
        let at = parts.next()?.parse().ok()?;
        let of = match parts.next()? {
            "0" => Of::Payment,
            "1" => Of::Refund,
            "2" => Of::Dispute,
            _ => return None,
        };
        Some(Self { at, of, place: parts.next()?.parse().ok()? })
    }
}
