//! What the merchant's backend says to a terminal that lost its journal.

use super::super::json::members;
use super::super::json::scan::{self, Kind};
use super::super::model::OrderId;
use super::response::DecodeError;

/// A terminal's new life, as the backend counts them, and one of its open orders.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // an answer of the merchant's own backend
pub struct Recovery {
    /// The number of the life that begins: what `x-device-epoch` says from now on.
    pub epoch: u32,
    /// The order that was asked about; `None` behind the last.
    pub order_id: Option<OrderId>,
}

/// Reads the answer to [`Call::Recover`](super::Call::Recover): `{"epoch": 2, "orders": ["kiosk-1", …]}`. `n`: which of the orders, from 0.
///
/// # Errors
/// [`DecodeError`].
pub fn recovery(body: &[u8], n: usize) -> Result<Recovery, DecodeError> {
    let mut found = [None; 2];
    scan::end(body, members::members(body, 0, 0, &["epoch", "orders"], &mut found)?)?;
    let [epoch, orders] = found;
    let epoch = epoch.ok_or(DecodeError::Missing("epoch"))?.span.of(body);
    let epoch = core::str::from_utf8(epoch).ok().and_then(|digits| digits.parse().ok());
    let epoch = epoch.ok_or(DecodeError::Malformed("epoch"))?;
    let orders = orders.ok_or(DecodeError::Missing("orders"))?.span.of(body);
    let mut last = None;
    for _ in 0..n {
        match members::next_element(orders, last)? {
            Some(at) => last = Some(scan::value(orders, at)?.end()),
            None => return Ok(Recovery { epoch, order_id: None }),
        }
    }
    let order_id = match members::next_element(orders, last)? {
        None => None,
        Some(at) => {
            let value = scan::value(orders, at)?;
            let id = core::str::from_utf8(value.span.of(orders)).unwrap_or_default();
            let id = OrderId::parse(id).ok().filter(|_| value.kind == Kind::Plain);
            Some(id.ok_or(DecodeError::Malformed("orders"))?)
        }
    };
    Ok(Recovery { epoch, order_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(body: &str, n: usize) -> Result<Option<OrderId>, DecodeError> {
        recovery(body.as_bytes(), n).map(|found| found.order_id)
    }

    #[test]
    fn orders_come_one_by_one() {
        let body = r#"{"orders": ["a-1", "a-2" ], "epoch": 7, "new": {}}"#;
        assert_eq!(recovery(body.as_bytes(), 0).unwrap().epoch, 7);
        assert_eq!(order(body, 0), Ok(OrderId::parse("a-1").ok()));
        assert_eq!(order(body, 1), Ok(OrderId::parse("a-2").ok()));
        assert_eq!((order(body, 2), order(body, 9)), (Ok(None), Ok(None)));
        assert_eq!(order(r#"{"orders":[],"epoch":1}"#, 0), Ok(None));
    }

    #[test]
    fn what_is_no_such_answer_is_refused() {
        assert_eq!(order(r#"{"orders":[]}"#, 0), Err(DecodeError::Missing("epoch")));
        assert_eq!(order(r#"{"orders":[],"epoch":-1}"#, 0), Err(DecodeError::Malformed("epoch")));
        assert_eq!(order(r#"{"orders":[7],"epoch":1}"#, 0), Err(DecodeError::Malformed("orders")));
        assert_eq!(order(r#"{"orders":["a b"],"epoch":1}"#, 0), Err(DecodeError::Malformed("orders")));
        assert!(order(r#"{"orders":{"a":1},"epoch":1}"#, 0).is_err());
        assert!(order(r#"{"orders":["a-1","epoch":1}"#, 0).is_err());
        assert!(order(r#"["a-1"]"#, 0).is_err());
    }
}
