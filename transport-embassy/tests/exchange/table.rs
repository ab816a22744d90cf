//! The answers that both transports must read alike.

use pay_core::drive::transport::Error as _;
use pay_core::sale::{Delivery, ErrorKind};

use super::network::{once, world};

#[path = "../../../tests/vectors/answers.rs"]
mod answers;

use answers::{Class, rows};

// Seen red with a head gathered whole in `rx`: 64 headers of 16 KiB, 128 headers.
#[test]
fn every_row_ends_as_it_must() {
    let rows = rows();
    assert!(rows.len() >= 120, "{}", rows.len());
    for row in rows {
        let (world, net, anchor) = world();
        world.borrow_mut().answers.push_back(row.raw.clone());
        world.borrow_mut().goodbye = true;
        let found = once(net, &anchor).map(|(head, body)| (head.status, body)).map_err(|error| {
            assert_eq!(error.delivery(), Delivery::Unknown);
            match error.kind() {
                ErrorKind::BadResponse => Class::Bad,
                ErrorKind::ResponseTooLarge => Class::TooLarge,
                ErrorKind::Closed => Class::Cut,
                other => panic!("{other:?}: {}", row.raw.escape_ascii()),
            }
        });
        assert_eq!(found, row.expected, "{}", row.raw.escape_ascii());
    }
}
