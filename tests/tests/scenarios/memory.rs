//! Over memory: the gateway's rules, a clock that jumps, and wire faults as failures.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use kiosk::Exit;
use pay_core::drive::Routes;
use pay_core::drive::transport::{Error, ErrorType, blocking};
use pay_core::sale::{AttemptState, Delivery, ErrorKind, Failure};
use pay_core::wire::{Auth, Endpoint, Request, ResponseHead};
use sandbox::{Break, Gateway, Mode, Response, Rules, Scenario, SessionKeys};
use tests::merchant::{CLIENT_ID, CLIENT_SECRET, plain};

use crate::book::{LONG_AFTER_MS, judge, make_order};
use crate::terminal::{Ended, ORDER, World, play};

/// 2026-11-22T16:20:12Z.
pub const START: u64 = 1_795_364_412_000;
/// The largest head that a transport takes.
const HEAD_MAX: usize = 16 * 1024;

struct Memory(Rc<Shared>);

struct Shared {
    gateway: RefCell<Gateway>,
    now: Cell<u64>,
}

struct Wire(Rc<Shared>, Endpoint);

#[derive(Debug)]
pub struct Lost(pub Failure);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Lost {}

impl Error for Lost {
    fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    fn delivery(&self) -> Delivery {
        self.0.delivery
    }
}

impl World for Memory {
    type Wire = Wire;

    fn now(&self) -> u64 {
        self.0.now.get()
    }

    fn unix_ms(&self) -> u64 {
        START + self.now()
    }

    fn pass(&self, until: u64) {
        self.0.now.set(until.max(self.now()));
        self.0.gateway.borrow_mut().advance(START + self.now());
    }

    fn routes(&self, mode: Mode) -> Routes<Wire> {
        let wire = |auth| Wire(Rc::clone(&self.0), Endpoint::parse("https://127.0.0.1:1/pg", auth).unwrap());
        let keys = || Auth::merchant(CLIENT_ID, CLIENT_SECRET).unwrap();
        match mode {
            Mode::Keys => Routes::same(wire(keys())),
            Mode::Kiosk => Routes::two(wire(Auth::Session), wire(keys())),
            Mode::Blind => Routes::same(wire(Auth::Session)),
        }
    }
}

impl ErrorType for Wire {
    type Error = Lost;
}

impl blocking::Transport for Wire {
    fn endpoint(&self) -> &Endpoint {
        &self.1
    }

    fn disconnect(&mut self) {}

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Lost> {
        let plain = plain(request, self.1.auth());
        let answer = self.0.gateway.borrow_mut().handle(&plain, START + self.0.now.get());
        let stalled = answer.fault.is_some_and(|fault| fault.how == Break::Stall);
        self.0.now.set(self.0.now.get() + if stalled { u64::from(request.timeout_ms) } else { 40 });
        received(&answer, rx).map_err(Lost)
    }
}

/// An answer as a transport gives it.
pub fn received(answer: &Response, rx: &mut [u8]) -> Result<ResponseHead, Failure> {
    let lost = |kind| Err(Failure { kind, delivery: Delivery::Unknown });
    if let Some(fault) = answer.fault {
        return lost(if fault.how == Break::Stall { ErrorKind::TimedOut } else { ErrorKind::Closed });
    }
    let mut head = ResponseHead::new(answer.status);
    let mut size = 0;
    for (name, value) in &answer.headers {
        size += name.len() + value.len() + 4;
        head.note_header(name, value);
    }
    if size > HEAD_MAX {
        return lost(ErrorKind::ResponseTooLarge);
    }
    head.body_len = answer.body.len().min(rx.len());
    head.truncated = answer.body.len() > rx.len();
    rx[..head.body_len].copy_from_slice(&answer.body[..head.body_len]);
    Ok(head)
}

/// How many things of the scenario did not happen, if it ended well.
fn run(scenario: &Scenario, mode: Mode, session_keys: SessionKeys) -> Result<usize, String> {
    let world = world(session_keys);
    let ended = sell(&world, scenario, mode);
    let gateway = world.0.gateway.borrow();
    judge(scenario, mode, &ended, &gateway)?;
    Ok(gateway.acts_left(ORDER).expect("a scenario"))
}

/// How a terminal ends that asks the gateway itself.
pub fn direct(scenario: &Scenario) -> Ended {
    sell(&world(SessionKeys::Ignored), scenario, Mode::Kiosk)
}

fn world(session_keys: SessionKeys) -> Memory {
    let rules = Rules { session_keys, ..Rules::default() };
    let gateway = Gateway::new(rules, "https://127.0.0.1:1/pg", CLIENT_ID, CLIENT_SECRET, 7);
    Memory(Rc::new(Shared { gateway: RefCell::new(gateway), now: Cell::new(0) }))
}

fn sell(world: &Memory, scenario: &Scenario, mode: Mode) -> Ended {
    let keys = (CLIENT_ID, CLIENT_SECRET);
    let session = (!scenario.makes(mode)).then(|| make_order(&mut world.0.gateway.borrow_mut(), keys, scenario, START));
    let ended = play(world, scenario, mode, session.as_deref());
    world.pass(world.now() + LONG_AFTER_MS);
    ended
}

pub fn caught<T>(what: &str, run: impl FnOnce() -> Result<T, String> + std::panic::UnwindSafe) -> Result<T, String> {
    std::panic::catch_unwind(run).unwrap_or_else(|_| Err(format!("{what}: panicked")))
}

// Whether keys count without credentials is not published: where a scenario does not say so, the end must be the same.
#[test]
fn every_scenario_ends_as_it_must() {
    let mut runs = 0;
    let mut wrong = Vec::new();
    for scenario in Scenario::ALL {
        let mut left = usize::MAX;
        for mode in Mode::ALL.into_iter().filter(|mode| scenario.expect(*mode).is_some()) {
            for keys in [SessionKeys::Honoured, SessionKeys::Ignored] {
                runs += 1;
                match caught(scenario.id, || run(scenario, mode, keys)) {
                    Ok(in_run) => left = left.min(in_run),
                    Err(why) => wrong.push(format!("{keys:?} {why}")),
                }
            }
        }
        if left > 0 && left < usize::MAX {
            wrong.push(format!("{}: {left} of its acts never happen", scenario.id));
        }
    }
    println!("{} scenarios, {runs} runs in memory", Scenario::ALL.len());
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
}

// The example kiosk makes one attempt, and gives up asking when its patience ends: the same terminal, with its exit codes.
#[test]
fn the_exit_codes_of_the_kiosk_follow() {
    let mut wrong = Vec::new();
    for scenario in Scenario::ALL {
        for (asks, mode) in [(true, Mode::Kiosk), (false, Mode::Blind)] {
            let Some(expected) = scenario.kiosk_exit(asks) else { continue };
            let mut once = *scenario;
            once.tries = 1;
            let exit = caught(scenario.id, || {
                let Ended { outcome, record, .. } = sell(&world(SessionKeys::Ignored), &once, mode);
                let last = record.attempts().next_back().and_then(|attempt| match &attempt.state {
                    AttemptState::Ended(end) => Some(end.clone()),
                    AttemptState::Sent | AttemptState::Known => None,
                });
                Ok(Exit::of(&outcome, last.as_ref()).code())
            });
            if exit != Ok(expected) {
                wrong.push(format!("{} {mode:?} ({}): {exit:?}, not {expected}", scenario.id, scenario.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
