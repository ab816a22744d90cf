//! A time before the peak, the peak, and what is left after it.

use core::cmp::Reverse;
use core::sync::atomic::Ordering;
use std::collections::BinaryHeap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use sqlx::any::AnyPoolOptions;
use sqlx::{AssertSqlSafe, Executor};

use super::dice::Dice;
use super::figures::{Figures, ShopFigures};
use super::kiosk::{Counts, Kiosk, Next};
use super::plan::{MINUTE, Plan};
use super::world::{self, START, World};
use crate::config::Config;
use crate::desk::Desk;
use crate::store::tokens;
use crate::token::owner_of;

/// From the money to the webhook.
const WEBHOOK_MS: u64 = 300;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A shopper comes.
    Comes,
    /// The kiosk goes on, if this is its turn.
    Goes(u32),
    /// The shopper pays with this payment.
    Pays(u64),
    /// The gateway tells of it.
    Tells,
}

struct Run<'p> {
    plan: &'p Plan,
    world: Arc<World>,
    desk: Desk,
    kiosks: Vec<Kiosk>,
    shops: Vec<ShopFigures>,
    counts: Counts,
    dice: Dice,
    events: BinaryHeap<Reverse<(u64, u64, usize, What)>>,
    serial: u64,
    /// When the backend has something to do.
    due: Option<u64>,
    plans: Option<u64>,
}

pub(super) fn run(name: &str, plan: &Plan) -> Figures {
    let dir = std::env::temp_dir().join(format!("backend-{}-fair-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    let mut kiosks = Vec::new();
    for (shop, of) in plan.shops.iter().enumerate() {
        for _ in 0..of.kiosks {
            kiosks.push(Kiosk::new(kiosks.len(), shop, of.account, of.manners));
        }
    }
    add_tokens(&dir, &kiosks);

    let world = World::new(plan);
    let mut config = Config::new(world::endpoint(), transport_std::Config::new(), &dir);
    config.webhooks = Some(world::keys());
    let first = world.gateway(0);
    let others: Vec<_> = (1..plan.accounts).map(|n| world.account(n, &first)).collect();
    let mut desk = Desk::with(&config, first, world.clock()).unwrap();
    others.into_iter().for_each(|account| desk.add(account));

    let mut run = Run {
        plan,
        shops: plan.shops.iter().map(|shop| ShopFigures::new(shop.kiosks, shop.manners)).collect(),
        world,
        desk,
        kiosks,
        counts: Counts::default(),
        dice: Dice(plan.seed),
        events: BinaryHeap::new(),
        serial: 0,
        due: None,
        plans: None,
    };
    run.play();
    let figures = Figures {
        kiosks: run.kiosks.len(),
        accounts: plan.accounts,
        addresses: plan.addresses,
        minutes: plan.minutes[1],
        sales: plan.limits.0.sales,
        throttled: run.world.throttled(),
        readings: run.world.readings(),
        shops: run.shops,
        counts: run.counts,
    };
    drop(run.desk);
    let _ = fs::remove_dir_all(dir);
    figures
}

/// All kiosks' tokens at once.
fn add_tokens(dir: &Path, kiosks: &[Kiosk]) {
    // It makes the tables.
    assert_eq!(tokens(dir).unwrap().len(), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", dir.join("backend.sqlite").display());
        let pool = AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        for some in kiosks.chunks(500) {
            let rows: Vec<_> = some
                .iter()
                .map(|kiosk| {
                    let (owner, account) = (owner_of(kiosk.token.as_bytes()), world::name(kiosk.account));
                    format!("('{owner}', '{}', 0, 'shop-{}', 1, '{account}')", kiosk.name(), kiosk.shop)
                })
                .collect();
            let sql =
                format!("INSERT INTO tokens (owner, name, is_direct, shop, made, account) VALUES {}", rows.join(", "));
            pool.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        pool.close().await;
    });
}

impl Run<'_> {
    fn play(&mut self) {
        for kiosk in 0..self.kiosks.len() {
            self.next_shopper(kiosk, START);
        }
        let mut end = START;
        loop {
            let next = self.events.peek().map(|Reverse((at, ..))| *at);
            let Some(at) = next else { break };
            if let Some(due) = self.due.filter(|due| *due < at) {
                self.set_time(due);
                self.watch();
                continue;
            }
            self.set_time(at);
            end = at;
            if let Some(Reverse((_, _, kiosk, what))) = self.events.pop() {
                self.on(kiosk, what);
            }
            if self.plans != self.desk.agenda.plans() {
                self.watch();
            }
        }
        while let Some(due) = self.due.filter(|due| *due < end + self.plan.minutes[2] * MINUTE) {
            self.set_time(due);
            self.watch();
        }
    }

    fn set_time(&self, at: u64) {
        self.world.now.fetch_max(at, Ordering::Relaxed);
    }

    fn watch(&mut self) {
        self.plans = self.desk.agenda.plans();
        let wait = self.desk.watch_once();
        self.due = wait.map(|wait| self.world.time() + u64::try_from(wait.as_millis()).unwrap().max(1));
    }

    fn plan(&mut self, at: u64, kiosk: usize, what: What) {
        self.serial += 1;
        self.events.push(Reverse((at, self.serial, kiosk, what)));
    }

    /// Shoppers come as they like: one by one, at random.
    fn next_shopper(&mut self, kiosk: usize, after: u64) {
        let peak = START + self.plan.peak();
        let mut at = after;
        if at < peak {
            at += self.dice.pause(self.plan.pause_ms(false));
            // What has not come by then comes as often as at the peak.
            at = if at < peak { at } else { peak + self.dice.pause(self.plan.pause_ms(true)) };
        } else {
            at += self.dice.pause(self.plan.pause_ms(true));
        }
        if at < peak + self.plan.minutes[1] * MINUTE {
            self.plan(at, kiosk, What::Comes);
        }
    }

    fn on(&mut self, number: usize, what: What) {
        let now = self.world.time();
        let kiosk = &mut self.kiosks[number];
        match what {
            What::Comes => {
                kiosk.line += 1;
                self.next_shopper(number, now);
                self.serve(number, now);
            }
            What::Goes(turn) if turn == kiosk.turn => self.go(number, false),
            What::Goes(_) => {}
            What::Pays(payment) => {
                self.world.pay(kiosk.account, payment);
                self.plan(now + WEBHOOK_MS, number, What::Tells);
            }
            What::Tells => {
                self.world.tell(kiosk.account, &self.desk);
                self.watch();
                if self.kiosks[number].hears(&self.desk) {
                    self.go(number, true);
                }
            }
        }
    }

    /// The next shopper, if the kiosk is free.
    fn serve(&mut self, number: usize, now: u64) {
        let kiosk = &mut self.kiosks[number];
        if kiosk.sale.is_some() || kiosk.line == 0 {
            return;
        }
        kiosk.line -= 1;
        kiosk.begin(now, &mut self.dice);
        if now >= START + self.plan.peak() {
            self.shops[kiosk.shop].asked += 1;
        }
        self.go(number, false);
    }

    fn go(&mut self, number: usize, is_told: bool) {
        let now = self.world.time();
        let kiosk = &mut self.kiosks[number];
        let next = kiosk.go(&self.desk, now, is_told, &mut self.counts, &mut self.dice);
        kiosk.turn += 1;
        let (turn, shop) = (kiosk.turn, kiosk.shop);
        match next {
            Next::At(at) => self.plan(at, number, What::Goes(turn)),
            Next::Shown { next, pays } => {
                if kiosk.sale.as_ref().is_some_and(|sale| sale.asked >= START + self.plan.peak()) {
                    self.shops[shop].accepted += 1;
                }
                self.plan(next, number, What::Goes(turn));
                if let Some((at, payment)) = pays {
                    self.plan(at, number, What::Pays(payment));
                }
            }
            Next::Over => {
                kiosk.sale = None;
                self.serve(number, now);
            }
        }
    }
}
