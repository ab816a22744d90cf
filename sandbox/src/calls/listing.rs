//! Lists of payments that nobody can read whole.

use crate::books::terms::Listing;
use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

/// Elements that an endless list has more.
const ENDLESS: u64 = 1000;

/// Adds to a list what the rules want in it besides the payments in the books.
pub(crate) fn lengthen(list: &mut Vec<Value>, listing: Listing, order_id: &str, version: ApiVersion) {
    match listing {
        Listing::Readable => {}
        Listing::Unreadable => list.push(element(Value::Null, order_id, "NOT_ATTEMPTED")),
        Listing::Endless => {
            // Numbers below all that the books give.
            list.extend((1..=ENDLESS).map(|id| element(version.id(id), order_id, "FAILED")));
        }
    }
}

/// A payment entity of about 1 kB.
fn element(id: Value, order_id: &str, status: &str) -> Value {
    json!({
        "cf_payment_id": id,
        "order_id": order_id,
        "entity": "payment",
        "is_captured": false,
        "payment_currency": "INR",
        "payment_amount": 1,
        "payment_status": status,
        "payment_message": "x".repeat(800),
    })
}
