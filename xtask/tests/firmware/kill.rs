//! The power goes in a sale, at random or at a write of the flash; the kiosk starts again until nothing is open; then the
//! gateway's books, the journal and the goods are compared.
//!
//! A sample runs each time. `FIRMWARE_KILLS=N` makes it N of each kind (every write, from the number of writes of a sale on),
//! `FIRMWARE_SEED=S` another sample, `FIRMWARE_FROM=W` leaves out the writes before W. A failure names the run: seed and number.

use core::time::Duration;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pay_core::sale::{Record, Stage};
use sandbox::Rules;

use super::chip::Chip;
use super::guest::{Ended, Guest};
use super::shop::{Shop, any_card, words};

/// Killed after some line of output and some milliseconds. Mutants seen red: the journal's `store` does nothing; the goods handed
/// out before the journal knows of it, once more or instead of the right time; the sensor that settles a cut release sees nothing.
#[test]
fn killed_at_random_a_sale_is_charged_once_and_its_goods_go_out_once() {
    let (many, formatted) = (asked_for().unwrap_or(20), formatted());
    in_parallel(many, AT_A_TIME, |run| {
        let mut dice = Dice(seed() ^ (run as u64) << 20);
        let case = Case::new(&mut dice, run, &formatted);
        let (line, pause) = (dice.below(18), Duration::from_millis(dice.below(120)));
        let mut guest = Guest::start(&case.sale(""));
        guest.wait_for_lines(line as usize);
        thread::sleep(pause);
        let first = guest.kill();
        case.settle_and_compare(&mut dice, first);
    });
}

/// The emulator stops in a write or an erase, which stays half done. Mutants seen red: as above.
#[test]
fn cut_in_a_write_of_the_flash_a_sale_is_charged_once_and_its_goods_go_out_once() {
    let formatted = formatted();
    for means in Means::ALL {
        let writes = writes_of_a_sale(means, &formatted);
        // A record for each state of the sale, each of some hundred words.
        assert!(writes > 500, "{writes} writes: the sale is not kept");
        let many = asked_for().unwrap_or(5).min(writes);
        println!("{means:?}: {writes} writes and erases, cut at {many} of them");
        in_parallel(many, AT_A_TIME, |run| {
            let mut dice = Dice(seed() ^ (run as u64) << 20 ^ 1);
            // One of each part of the sale.
            let (from, to) = (run * writes / many, (run + 1) * writes / many);
            if to < number("FIRMWARE_FROM").unwrap_or(0) {
                return;
            }
            let at = 1 + from + dice.below((to - from) as u64) as usize;
            let case = Case { means, ..Case::new(&mut dice, run, &formatted) };
            let first = Guest::start(&case.sale(&format!("--figures --flash-cut {at}"))).end();
            // A sale that nobody pays ends sooner.
            assert!(first.code == POWER_CUT || flash_writes(&first) < at, "{at} of {writes}: {first:#?}");
            case.settle_and_compare(&mut dice, first.lines);
        });
    }
}

/// The firmware's exit status when the power went as asked.
const POWER_CUT: i32 = 75;

/// Most of a run is waiting.
const AT_A_TIME: usize = 4;

/// The clocks of kiosk and gateway run so fast.
const SPEED: u32 = 5;

/// By the kiosk's clock: long enough to believe that nothing was paid.
const PATIENCE_S: u32 = 60;

/// More starts than a sale can need.
const STARTS: usize = 30;

#[derive(Clone, Copy, Debug)]
enum Means {
    Qr,
    Link,
    Card,
}

impl Means {
    const ALL: [Self; 3] = [Self::Qr, Self::Link, Self::Card];
}

/// One sale and everything around it.
struct Case {
    name: String,
    means: Means,
    shop: Shop,
    chip: Chip,
}

const ORDER: &str = "killed";

impl Case {
    fn new(dice: &mut Dice, run: usize, flash: &[u8]) -> Self {
        // Mostly somebody pays.
        let settle_after_ms = (dice.below(4) > 0).then(|| dice.below(5_000));
        let name = format!("FIRMWARE_SEED={} run {run}", seed());
        let shop = Shop::at_speed(SPEED, Rules { settle_after_ms, ..Rules::default() });
        Self { name, means: Means::ALL[run % 3], shop, chip: Chip::with(flash) }
    }

    fn sale(&self, more: &str) -> Vec<String> {
        let means = match self.means {
            Means::Qr => Vec::new(),
            Means::Link => words("--method upi-link"),
            Means::Card => self.shop.card(any_card(), "123", &format!("{}\n", sandbox::OTP)),
        };
        [self.shop.order_at(self.shop.port(), ORDER), means, self.always(more)].concat()
    }

    fn always(&self, more: &str) -> Vec<String> {
        [self.chip.words(), words(&format!("--speed {SPEED} --patience {PATIENCE_S} {more}"))].concat()
    }

    /// Starts the kiosk until nothing is open, and compares. `first`: what was said until the power went.
    fn settle_and_compare(&self, dice: &mut Dice, first: Vec<String>) {
        let (name, kept) = (&self.name, self.chip.record(ORDER));
        let attempts = |kept: &Option<Record>| kept.as_ref().map_or(0, Record::attempt_count);
        if !self.payments().is_empty() {
            assert_eq!(attempts(&kept), 1, "{name}: sent, and the journal does not know it: {first:#?}");
        }
        let mut said = first;
        let mut starts = 0;
        loop {
            starts += 1;
            assert!(starts <= STARTS, "{name}: never settled: {said:#?}");
            // The recovery is cut as well, now and then.
            let cut = if starts <= 2 && dice.below(3) == 0 {
                format!("--flash-cut {}", 1 + dice.below(500))
            } else {
                String::new()
            };
            if starts > 2 {
                // Nobody pays any more.
                self.shop.gateway.skip(Duration::from_secs(20 * 60));
            }
            let resume = [self.shop.resume_at(self.shop.port()), self.always(&cut)].concat();
            let Ended { code, lines } = Guest::start(&resume).end();
            assert!(!lines.iter().any(|line| line.contains("OrderPay")), "{name}: paid again: {lines:#?}");
            said.extend(lines);
            match code {
                0 => break,
                // Open, or it cannot be asked now.
                4 | POWER_CUT => {}
                _ => panic!("{name}: exit {code}: {said:#?}"),
            }
        }
        self.compare(kept, &said);
    }

    fn compare(&self, kept: Option<Record>, said: &[String]) {
        let name = &self.name;
        let last = self.chip.record(ORDER);
        if let Some(kept) = &kept {
            let last = last.as_ref().unwrap_or_else(|| panic!("{name}: the record is gone: {said:#?}"));
            let keys = |record: &Record| record.attempts().map(|attempt| attempt.key.clone()).collect::<Vec<_>>();
            assert!(last.seq >= kept.seq && keys(last) == keys(kept), "{name}: {kept:#?} {last:#?}");
        }
        let goods = self.chip.goods(ORDER);
        // The backend sends money back in its own time.
        let (charges, refunds) = self.books(|charges, refunds| goods > 0 || charges == refunds);
        assert!(charges <= 1, "{name}: {charges} charges: {said:#?}");
        assert_eq!(charges - refunds, goods, "{name}: {charges} charges, {refunds} refunds: {last:#?} {said:#?}");
        assert!(self.payments().len() <= 1 || matches!(self.means, Means::Qr | Means::Link), "{name}: {said:#?}");
        let outcome = match last.as_ref().map(|record| &record.stage) {
            None => {
                assert_eq!(charges, 0, "{name}: {said:#?}");
                return;
            }
            Some(Stage::Paid { .. }) => "paid",
            Some(Stage::NotPaid(_)) => "not paid",
            Some(Stage::Refunded(_)) => "refund due",
            Some(Stage::HandedOver) => "handed over to the backend",
            other => panic!("{name}: {other:?}: {said:#?}"),
        };
        match outcome {
            "paid" => assert_eq!(charges, 1, "{name}: {said:#?}"),
            "not paid" => assert_eq!(charges, 0, "{name}: {said:#?}"),
            // Nothing was seen to be taken; what came later the backend has sent back.
            "handed over to the backend" => assert_eq!(charges, refunds, "{name}: {said:#?}"),
            _ => assert_eq!((charges, refunds), (1, 1), "{name}: {said:#?}"),
        }
        // What it said last is what it knows, and it never said the opposite.
        let final_words = said.iter().filter(|line| line.contains(r#""outcome":""#) && !line.contains("unknown"));
        let paid_word = if charges == 1 { r#""outcome":"not paid""# } else { r#""outcome":"paid"# };
        assert!(!{ final_words }.any(|line| line.contains(paid_word)), "{name}: {outcome}: {said:#?}");
    }

    /// Charges and refunds of the order, once they are as they should be; else after a while as they are.
    fn books(&self, settled: impl Fn(usize, usize) -> bool) -> (usize, usize) {
        for _ in 0..300 {
            let charges = self.shop.charges(ORDER);
            let refunds = self.shop.refunds(ORDER);
            if settled(charges, refunds) {
                return (charges, refunds);
            }
            thread::sleep(Duration::from_millis(100));
        }
        (self.shop.charges(ORDER), self.shop.refunds(ORDER))
    }

    fn payments(&self) -> Vec<u64> {
        let gateway = self.shop.gateway.gateway();
        gateway.payments().iter().filter(|payment| payment.order_id == ORDER).map(|payment| payment.id).collect()
    }
}

/// A flash with an empty journal, as from the factory: a cut while it is formatted leaves a flash that no kiosk takes.
fn formatted() -> Vec<u8> {
    let (shop, chip) = (Shop::open(None), Chip::blank());
    Guest::start(&[shop.resume_at(shop.port()), chip.words()].concat()).end().expect(0);
    chip.content()
}

fn writes_of_a_sale(means: Means, flash: &[u8]) -> usize {
    let case = Case { means, shop: Shop::open(Some(500)), ..Case::new(&mut Dice(seed()), 0, flash) };
    let ended = Guest::start(&case.sale("--figures")).end().expect(0);
    flash_writes(&ended)
}

fn flash_writes(ended: &Ended) -> usize {
    let figures = ended.lines.iter().find_map(|line| line.split_once(r#""flash_writes":"#)).expect("figures").1;
    figures.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// Runs all, some at a time.
pub(crate) fn in_parallel(many: usize, at_a_time: usize, run: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= many {
                        break;
                    }
                    run(at);
                }
            });
        }
    });
}

fn asked_for() -> Option<usize> {
    number("FIRMWARE_KILLS")
}

fn seed() -> u64 {
    number("FIRMWARE_SEED").unwrap_or(1) as u64
}

/// Of the environment.
fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    /// Below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ z >> 31) % limit
    }
}
