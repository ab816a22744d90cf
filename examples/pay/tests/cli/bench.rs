//! On this machine only.

use sandbox::Rules;

use super::gateways::Gateway;
use super::program::pay;

#[test]
fn counts_calls_on_loopback() {
    let gateway = Gateway::here(Rules::default());
    let figures = gateway.pay(&["bench", "--calls", "20", "--json"]).expect(0).json();
    assert_eq!((&figures["calls"], &figures["refused"]), (&20.into(), &0.into()));
    assert!(figures["p99_us"].as_u64() >= figures["p50_us"].as_u64() && figures["calls_per_s"].is_u64(), "{figures}");
    assert_eq!(gateway.server().gateway().payments().len(), 20);
    // Without keys nothing can be paid, and it says so.
    let refused = gateway.pay_without_keys(&["bench", "--calls", "3", "--json"]).expect(2).json();
    assert_eq!(refused["refused"], 3);
}

#[test]
fn other_hosts_are_left_alone() {
    for url in ["https://sandbox.cashfree.com/pg", "https://127.0.0.1.example/pg", "https://10.0.0.1/pg"] {
        assert!(pay(&["bench", "--gateway", url]).expect(1).err.contains("this machine only"));
    }
    assert!(pay(&["bench"]).expect(1).err.contains("this machine only"));
}
