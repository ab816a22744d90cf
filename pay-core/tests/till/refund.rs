//! Money that somebody sends back.

use pay_core::till::{MoneyBack, OrderState, RefundRef, TillError, Trouble};

use super::world::{Counter, Order, World, flash, memory, rupees, till};

/// Red without the sum of what went back. Meant to notice: a fresh id for each call; the sum also counted against the same name.
#[test]
fn the_same_name_is_one_refund_and_no_more_goes_back_than_came() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let id = pay_core::OrderId::parse("inv-1").unwrap();
    let payments = vec![(1, "FAILED"), (2, "SUCCESS")];
    world
        .borrow_mut()
        .orders
        .insert("inv-1".into(), Order { status: "PAID", paise: 1_015, payments, mark: String::new() });
    let shop = &mut Counter(world.clone());
    let name = RefundRef::new("return-17").unwrap();
    let first = till.refund(&id, rupees(1_000), &name, shop).unwrap();
    assert_eq!((first.money, &first.refund_id), (MoneyBack::OnItsWay, &name.refund_id(&id)));
    assert_eq!(till.refund(&id, rupees(1_000), &name, shop).unwrap(), first);
    assert_eq!(world.borrow().refunds.len(), 1);
    let differs = till.refund(&id, rupees(900), &name, shop).unwrap_err();
    assert_eq!(differs, TillError::Trouble(Trouble::RefundDiffers(first.refund_id.clone())));
    let other = RefundRef::new("return-18").unwrap();
    let already = Some(first.refund_id.clone());
    let too_much = till.refund(&id, rupees(1_000), &other, shop).unwrap_err();
    assert_eq!(too_much, TillError::Trouble(Trouble::RefundTooMuch { already }));
    assert_eq!(world.borrow().refunds.len(), 1);
    assert_eq!((world.borrow().instant, first.word.as_str()), (0, "PENDING"));
    assert!(till.refund(&id, rupees(1_000), &other.even_so().instant(), shop).is_ok());
    assert_eq!(world.borrow().instant, 1);
    let status = till.status(&id, shop).unwrap();
    assert_eq!((status.order, status.paid, status.paid_minor, status.back_minor), (OrderState::Paid, 1, 1_015, 2_000));
}
