//! How a scenario is chosen, that it happens, and what is written of it.

use sandbox::{Gateway, Request, Response, Rules, SCENARIO_HEADER, Scenario};

const DOCUMENT: &str = include_str!("../../../docs/scenarios.md");

fn gateway(rules: Rules) -> Gateway {
    Gateway::new(rules, "https://127.0.0.1:1/pg", "id", "secret", 7)
}

fn create(gateway: &mut Gateway, order: &str, amount: &str, scenario: Option<&str>) -> Response {
    let body = format!(
        r#"{{"order_id":"{order}","order_amount":{amount},"order_currency":"INR",
            "customer_details":{{"customer_id":"c_1","customer_phone":"9999999999"}}}}"#
    );
    gateway.handle(&request("POST", "/pg/orders", scenario).with_json(body), 1_000_000)
}

fn read(gateway: &mut Gateway, order: &str, scenario: Option<&str>) -> u16 {
    gateway.handle(&request("GET", &format!("/pg/orders/{order}"), scenario), 1_000_001).status
}

fn request(method: &str, path: &str, scenario: Option<&str>) -> Request {
    let request = Request::new(method, path)
        .with_header("x-api-version", "2025-01-01")
        .with_header("x-client-id", "id")
        .with_header("x-client-secret", "secret");
    match scenario {
        Some(id) => request.with_header(SCENARIO_HEADER, id),
        None => request,
    }
}

/// The scenario whose first three questions get 401.
fn refuses() -> &'static Scenario {
    Scenario::ALL.iter().find(|scenario| scenario.name == "401 on the ask route").unwrap()
}

#[test]
fn a_header_chooses_and_it_sticks() {
    let mut gateway = gateway(Rules::default());
    let id = refuses().id;
    assert_eq!(create(&mut gateway, "order_1", "10.15", Some(id)).status, 200);
    assert_eq!(create(&mut gateway, "order_2", "10.15", None).status, 200);
    let answers = [(); 4].map(|()| read(&mut gateway, "order_1", None));
    assert_eq!(answers, [401, 401, 401, 200]);
    assert_eq!(read(&mut gateway, "order_2", None), 200, "another order plays nothing");
    // On any call, in any case; the first that names one decides.
    assert_eq!(read(&mut gateway, "order_2", Some(&id.to_lowercase())), 401);
    assert_eq!(read(&mut gateway, "order_2", Some("SB-01")), 401);
    assert_eq!(read(&mut gateway, "order_2", Some("SB-0")), 400, "no such scenario");
}

// Mutant: `of_amount` that is one off.
#[test]
fn an_amount_chooses() {
    let mut gateway = gateway(Rules::default());
    let amount = refuses().amount().0;
    let rupees = format!("{}.{:02}", amount / 100, amount % 100);
    assert!(rupees.starts_with("990"), "{rupees}");
    assert_eq!(create(&mut gateway, "order_1", &rupees, None).status, 200);
    assert_eq!(read(&mut gateway, "order_1", None), 401);
    // Beside the range nothing happens.
    for (order, amount) in [("order_2", "9901"), ("order_3", "9900.99"), ("order_4", "9999.99")] {
        assert_eq!(create(&mut gateway, order, amount, None).status, 200);
        assert_eq!((read(&mut gateway, order, None), gateway.acts_left(order)), (200, None));
    }
}

#[test]
fn a_rule_chooses_for_all_orders() {
    let mut gateway = gateway(Rules { scenario: Some(refuses()), ..Rules::default() });
    assert_eq!(create(&mut gateway, "order_1", "10.15", None).status, 200);
    assert_eq!(create(&mut gateway, "order_2", "10.15", Some("SB-01")).status, 200);
    assert_eq!((read(&mut gateway, "order_1", None), read(&mut gateway, "order_2", None)), (401, 200));
}

// Mutant: another word in the table of the document.
#[test]
fn the_document_has_this_table() {
    let table = sandbox::scenario_table();
    if !DOCUMENT.contains(&table) {
        let path = std::env::temp_dir().join("scenarios-table.md");
        std::fs::write(&path, &table).unwrap();
        panic!("docs/scenarios.md has another table than the code; that of the code is now in {}", path.display());
    }
}

#[test]
fn the_kiosk_has_an_end_in_most() {
    let exits = |asks| Scenario::ALL.iter().filter_map(|scenario| scenario.kiosk_exit(asks)).collect::<Vec<_>>();
    let (asks, blind) = (exits(true), exits(false));
    println!("the kiosk plays {} with a backend, {} without", asks.len(), blind.len());
    assert!(asks.len() > 80 && blind.len() > 40);
    assert!((0..=7).all(|exit| asks.contains(&exit) || blind.contains(&exit)));
}
