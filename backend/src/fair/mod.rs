//! More sales than the accounts can carry, in virtual time: does every shop get its share, is every refusal before the code, and does the
//! gateway never have to say 429?
//!
//! Real are the desk with all accounts, budgets, shares, rules, book and SQLite, the webhooks, and the sandbox's rules with its limiter, one
//! for each account. A kiosk is the requests that a till makes for a sale. Left out are sockets and threads: the answer to a call is there in
//! the same millisecond.

mod dice;
mod figures;
mod kiosk;
mod plan;
mod run;
mod world;

use figures::Figures;
use plan::Plan;

/// What `cargo xtask fair` runs, with its numbers in the environment.
#[test]
#[ignore = "minutes; `cargo xtask fair` runs it"]
fn as_asked() {
    let number = |name: &str, other: u64| {
        std::env::var(name).map_or(other, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
    };
    let kiosks = number("FAIR_KIOSKS", 100_000) as usize;
    let shops = number("FAIR_SHOPS", 1_000) as usize;
    let plan = Plan::new(kiosks, shops, number("FAIR_MINUTES", 30), number("FAIR_SEED", 1));
    judge(&run::run("asked", &plan));
}

fn judge(figures: &Figures) {
    figures.print();
    println!("{figures}");
    assert!(figures.is_fair(), "a target is missed: {figures}");
}

// Meant to notice: the mutants `share-…` of `tests/mutants.toml`; a sale that begins and cannot be carried to its end.
#[test]
fn five_shops_get_their_share_of_one_account() {
    judge(&run::run("small", &Plan::small()));
}
