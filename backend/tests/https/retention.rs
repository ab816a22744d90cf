//! `backend forget` beside a running backend.

use std::process::Command;

use backend::Database;

use crate::shop::Shop;

/// What the program says with these arguments, and whether it is content.
fn forget(shop: &Shop, arguments: &[&str]) -> (bool, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_backend"));
    program.arg("forget").args(arguments);
    match &shop.config.database {
        Database::Folder(folder) => program.arg("--dir").arg(folder),
        Database::Postgres(url) => program.env("BACKEND_DATABASE", url),
    };
    let output = program.output().expect("the program");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("text"))
}

// Seen red: `want` that does not look among the forgotten ids; the order in memory of a running backend taken for one that is still there.
#[test]
fn a_forgotten_order_is_gone_and_its_id_is_not_free() {
    let mut shop = Shop::open("forget");
    for id in ["till-1", "till-2"] {
        shop.paid(id);
        assert_eq!(shop.report(id, true).status, 200);
    }
    // The first was over long ago, in the short form of the first version; the second is as old, and is still looked at.
    shop.backend = None;
    for statement in [
        "DELETE FROM duties WHERE order_id = 'till-1'",
        "DELETE FROM events WHERE order_id = 'till-1'",
        r#"INSERT INTO events (order_id, n, form, body) VALUES ('till-1', 1, 1, '{"event":"made"}')"#,
        r#"INSERT INTO events (order_id, n, form, body) VALUES ('till-1', 2, 1, '{"event":"counted"}')"#,
        "UPDATE orders SET n = 2, is_open = 0, people = 0, at = 1000, changed = 1000 WHERE id = 'till-1'",
        "UPDATE orders SET at = 1000, changed = 1000 WHERE id = 'till-2'",
    ] {
        shop.sql(statement);
    }
    shop.start();
    assert_eq!(shop.get("/orders/till-1").status, 200);

    let (ok, said) = forget(&shop, &["--older-than", "29"]);
    assert!(!ok && said.contains("--older-than is at least 30"), "{said}");
    let kept = "kept: 1 orders of that age that are not settled or have just changed\n";
    for (arguments, did) in [
        (&["--older-than", "30", "--dry-run"][..], "would forget: orders 1, sessions 0, revoked tokens 0\n"),
        (&["--older-than", "30"], "forgot: orders 1, sessions 0, revoked tokens 0\n"),
        (&["--older-than", "30"], "forgot: orders 0, sessions 0, revoked tokens 0\n"),
    ] {
        assert_eq!(forget(&shop, arguments), (true, format!("{did}{kept}")));
    }

    // The backend that runs had read it before; the next one has not.
    assert_eq!(shop.report("till-1", false).status, 404);
    for _ in 0..2 {
        assert_eq!(shop.get("/orders/till-1").status, 404);
        let again = shop.create("till-1", "10.15");
        assert_eq!((again.status, &again.json()["code"]), (409, &"order_already_exists".into()));
        assert_eq!(shop.get("/orders/till-1").status, 404, "it was not begun anew");
        assert_eq!((shop.get("/orders/till-2").status, shop.report("till-2", true).status), (200, 200));
        shop.start();
    }
    assert_eq!(shop.refunds(), 0);
    assert_eq!(shop.gateway.gateway().orders().count(), 2);
}
