//! The sandbox's numbered scenarios, played with the kiosk in the emulator and its backend: exit code, books and goods.
//!
//! `FIRMWARE_SCENARIOS=SB-07` plays one alone.

use core::time::Duration;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use sandbox::{Means, Rules, Scenario, SessionKeys};

use super::chip::Chip;
use super::guest::Guest;
use super::kill::in_parallel;
use super::shop::{Shop, words};

/// Mutants seen red: a policy that asks nobody in spite of the backend (SB-29); exit 0 for a refund that is due (SB-67).
#[test]
fn scenarios_end_as_they_must() {
    let all: Vec<&Scenario> = Scenario::ALL.iter().filter(|scenario| scenario.kiosk_exit(true).is_some()).collect();
    let chosen: Vec<&Scenario> = match std::env::var("FIRMWARE_SCENARIOS").as_deref() {
        Ok(id) => vec![Scenario::find(id).expect("FIRMWARE_SCENARIOS: a scenario's id")],
        Err(_) => all,
    };
    let began = Instant::now();
    let wrong = Mutex::new(Vec::new());
    in_parallel(chosen.len(), AT_A_TIME, |at| {
        let begun = Instant::now();
        if let Err(why) = play(chosen[at]) {
            wrong.lock().unwrap().push(why);
        }
        println!("{} {} s", chosen[at].id, begun.elapsed().as_secs());
    });
    println!("{} scenarios in {} s", chosen.len(), began.elapsed().as_secs());
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), chosen.len(), wrong.join("\n"));
}

/// Most of a run is waiting.
const AT_A_TIME: usize = 6;
/// What takes more than others are given, two minutes for the shopper (SB-44 nearly all of them) and two for the order to
/// close: these have ten and ten, and clocks that run ten times as fast and not five.
const SLOW: [&str; 4] = ["SB-44", "SB-72", "SB-78", "SB-98"];
/// Where a backend between kiosk and gateway makes another end than for a terminal that talks to the gateway itself, and the
/// exit code of it.
const OTHERWISE: [(&str, u8); 4] = [
    // Nobody sent what it showed; the kiosk is done before the half hour in which nothing may have moved.
    ("SB-121", 5),
    // The backend creates without an idempotency key, so no stored 500 comes again; the id keeps the order from being made twice.
    ("SB-94", 0),
    // The backend's keys are not the kiosk's affair: the kiosk hears 502 and asks again, and they were refused once only.
    ("SB-96", 0),
    // The backend cannot pass on a list without end, so nothing shows that the payments of others are over.
    ("SB-130", 4),
];
/// Where a machine that is slow or busy makes another end, as the guest's clock is not tied to the sandbox's. Goods and money must agree
/// either way.
const EITHER: [(&str, [u8; 2]); 3] = [
    // The attempt appears after 45 s by the sandbox, before or after the kiosk has read twice that there is none.
    ("SB-63", [0, 2]),
    // The shopper pays around the wish to close. By the sandbox the order may have ended before the kiosk wishes it.
    ("SB-84", [5, 2]),
    ("SB-85", [5, 2]),
];
const ORDER: &str = "scenario";

fn play(scenario: &'static Scenario) -> Result<(), String> {
    // What a terminal without keys must be ready for.
    let rules = Rules { session_keys: SessionKeys::Ignored, scenario: Some(scenario), ..Rules::default() };
    let (speed, patience) = if SLOW.contains(&scenario.id) { (10, 600) } else { (5, 120) };
    let (shop, chip) = (Shop::at_speed(speed, rules), Chip::blank());
    let card = |otps: &str| shop.card(&sandbox::CARDS[0], "123", otps);
    let means = match scenario.means {
        Means::UpiLink => words("--method upi-link"),
        Means::Card => card(""),
        Means::CardOtp => card(&scenario.otps.iter().map(|otp| format!("{otp}\n")).collect::<String>()),
        _ => Vec::new(),
    };
    let more = words(&format!("--speed {speed} --patience {patience}"));
    // The gateway's words as the kiosk hears them: the backend's tests have the relay between.
    let way = shop.straight();
    let ended = Guest::start(&[shop.order_at(shop.port(), ORDER), means, way, chip.words(), more].concat()).end();

    let wrong = |why: String| Err(format!("{} ({}): {why}: {:#?}", scenario.id, scenario.name, ended.lines));
    let otherwise = OTHERWISE.iter().find(|(id, _)| *id == scenario.id).map(|(_, exit)| *exit);
    let mut expected = otherwise.or(scenario.kiosk_exit(true)).expect("it applies");
    let either = EITHER.iter().filter(|(id, _)| *id == scenario.id).flat_map(|(_, exits)| exits);
    if let Some(exit) = either.copied().find(|exit| ended.code == i32::from(*exit)) {
        expected = exit;
    }
    if ended.code != i32::from(expected) {
        return wrong(format!("exit {}, not {expected}", ended.code));
    }
    // Paid is one charge that stands; not paid, none, as soon as the backend has sent back what came.
    let may_stand = match expected {
        0 => 1..=1,
        1 | 2 | 5 => 0..=0,
        _ => 0..=1,
    };
    let begun = Instant::now();
    let mut stands = shop.charges(ORDER) - shop.refunds(ORDER);
    while !may_stand.contains(&stands) && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(100));
        stands = shop.charges(ORDER) - shop.refunds(ORDER);
    }
    let goods = chip.goods(ORDER);
    if !may_stand.contains(&stands) || goods != usize::from(expected == 0) {
        return wrong(format!("exit {expected}, {stands} charges stand, the goods went out {goods} times"));
    }
    Ok(())
}
