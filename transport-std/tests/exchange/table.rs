//! The answers that both transports must read alike.

use pay_core::drive::transport::Error as _;
use pay_core::drive::transport::blocking::Transport;
use pay_core::sale::{Delivery, ErrorKind};

use super::server::{Server, order_pay};

#[path = "../../../tests/vectors/answers.rs"]
mod answers;

use answers::{Class, rows};

// Seen red where ureq read the answers: 101, 600, `2, 2`, `+2`, ` 2`, HTTP/1.0 in chunks, long chunk extensions, line feeds alone.
#[test]
fn every_row_ends_as_it_must() {
    let rows = rows();
    assert!(rows.len() >= 120, "{}", rows.len());
    for row in rows {
        let mut rx = vec![0; 4096];
        let result = Server::closing(row.raw.clone()).client().exchange(&order_pay(), &mut rx);
        let found = match result {
            Ok(head) => Ok((head.status, rx[..head.body_len].to_vec())),
            Err(error) => {
                assert_eq!(error.delivery(), Delivery::Unknown);
                Err(match error.kind() {
                    ErrorKind::BadResponse => Class::Bad,
                    ErrorKind::ResponseTooLarge => Class::TooLarge,
                    ErrorKind::Closed => Class::Cut,
                    other => panic!("{other:?}: {:?}", row.raw.escape_ascii().to_string()),
                })
            }
        };
        assert_eq!(found, row.expected, "{}", row.raw.escape_ascii());
    }
}
