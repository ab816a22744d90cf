//! The alias by which a device pays an order, in place of the gateway's session.

use pay_core::model::{OrderId, PaymentSessionId};
use subtle::ConstantTimeEq;

use super::super::ours::half_hash;
use crate::book::Owner;

const BEGINNING: &str = PaymentSessionId::ALIAS;
/// The length before the order's id: the prefix, 16 bytes in hexadecimal, an underscore.
const BEFORE: usize = BEGINNING.len() + 32 + 1;

/// The alias by which a relayed device pays an order. It is derived from the order's id and the hash of the device's token, so it is the
/// same at every start and in every backend on one database. It has 42 to 84 characters of a session's alphabet.
pub fn of(owner: Owner, order: &OrderId) -> String {
    format!("{BEGINNING}{}_{order}", half_hash(&format!("session-alias\0{owner}\0{order}")))
}

/// The order that this device may pay with this alias.
pub(super) fn order_of(alias: &str, owner: Owner) -> Option<OrderId> {
    let order = OrderId::parse(alias.get(BEFORE..)?).ok()?;
    bool::from(of(owner, &order).as_bytes().ct_eq(alias.as_bytes())).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: the owner left out of the hash; the comparison left out.
    #[test]
    fn it_is_one_devices_name_for_one_order() {
        let (mine, other) = (Owner::new([1; 32]), Owner::new([2; 32]));
        for id in ["abc", &"x".repeat(45), "kiosk-7_00000000000000a1"] {
            let order = OrderId::parse(id).unwrap();
            let alias = of(mine, &order);
            assert!(PaymentSessionId::parse(&alias).unwrap().is_alias(), "{alias}");
            assert_eq!(order_of(&alias, mine), Some(order));
            assert_eq!(order_of(&alias, other), None);
            assert_eq!(order_of(&alias.replacen("alias_", "alias-", 1), mine), None);
            assert_eq!(order_of(&format!("{alias}x"), mine), None);
        }
        for text in ["", "alias_", "alias_é", "session_abc", &"é".repeat(40)] {
            assert_eq!(order_of(text, mine), None, "{text}");
        }
    }
}
