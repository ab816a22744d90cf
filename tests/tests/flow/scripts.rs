//! Random scripts: whatever the network does, the outcome agrees with the books.

use pay_core::sale::{Outcome, Policy};
use proptest::prelude::*;
use sandbox::SessionKeys;

use crate::methods;
use crate::world::{NETWORKS, Network, Shopper, World};

fn networks(most: usize) -> impl Strategy<Value = Vec<Network>> {
    prop::collection::vec(prop::sample::select(NETWORKS.to_vec()), 0..most)
}

fn shoppers() -> impl Strategy<Value = Shopper> {
    let after = prop::sample::select(vec![0_u64, 1_000, 20_000, 290_000, 301_000, 400_000]);
    let result = prop::sample::select(vec!["SUCCESS", "SUCCESS", "FAILED", "USER_DROPPED", "PENDING"]);
    (after, result).prop_map(|(after_ms, result)| Shopper { after_ms, result })
}

fn play(
    keys: SessionKeys,
    policy: Policy,
    order_exists: bool,
    picks: &[usize],
    shopper: Shopper,
    script: &[Network],
) -> (World, Outcome) {
    let all: [fn(&str) -> pay_core::model::OrderPay; 4] =
        [methods::qr, methods::link, methods::card, methods::card_otp];
    let mut world = if order_exists { World::new(keys, policy) } else { World::without_order(policy) };
    world.methods = picks.iter().map(|pick| all[*pick]).collect();
    world.shopper = shopper;
    world.otps = vec!["111222", "111000"];
    let outcome = world.run(script);
    (world, outcome)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    // The checks are in `World::check_end`. Mutants seen to fail here: `unknown` ending the attempt as refused; `send_again` for
    // every method; resume going to Pay.
    #[test]
    fn with_a_way_to_ask_every_sale_ends_and_agrees_with_the_books(
        honoured in any::<bool>(),
        order_exists in any::<bool>(),
        picks in prop::collection::vec(0_usize..4, 1..4),
        shopper in shoppers(),
        script in networks(14),
    ) {
        let keys = if honoured { SessionKeys::Honoured } else { SessionKeys::Ignored };
        let (_, outcome) = play(keys, Policy::with_ask(), order_exists, &picks, shopper, &script);
        prop_assert!(!matches!(outcome, Outcome::Pending | Outcome::Unknown));
    }

    #[test]
    fn without_a_way_to_ask_nothing_is_claimed_that_is_not_known(
        honoured in any::<bool>(),
        picks in prop::collection::vec(0_usize..4, 1..4),
        shopper in shoppers(),
        script in networks(8),
    ) {
        let keys = if honoured { SessionKeys::Honoured } else { SessionKeys::Ignored };
        let (world, outcome) = play(keys, Policy::session_only(), true, &picks, shopper, &script);
        // Nobody here can have learnt that it was paid.
        let claims = matches!(outcome, Outcome::Paid { .. } | Outcome::RefundDue(_));
        prop_assert!(!claims, "{:?}", outcome);
        if world.charges() > 0 {
            prop_assert!(matches!(outcome, Outcome::Pending | Outcome::Unknown), "{:?}", outcome);
        }
    }

    // A recording can be played again.
    #[test]
    fn the_same_inputs_give_the_same_steps(shopper in shoppers(), script in networks(10)) {
        let run = || play(SessionKeys::Honoured, Policy::with_ask(), false, &[0, 2], shopper, &script).0.events;
        prop_assert_eq!(run(), run());
    }
}
