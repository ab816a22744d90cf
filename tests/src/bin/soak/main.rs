//! Sales of many kiosks, each the till that ships, through the real transport, over TLS and a proxy that breaks connections, to a sandbox that
//! fails now and then; some are cut off in the middle and resumed. At the end of each round the books are compared, and
//! memory, files and journals looked at.
//!
//! `soak [--sales N] [--kiosks N] [--seed N] [--dir DIR]`; fails with what was wrong.
#![deny(unsafe_code)]

mod dice;
mod figures;
mod gateway;
mod heap;
mod kiosk;
mod rest;
mod shopper;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::Instant;
use std::{env, fs, process, thread};

use figures::Figures;
use gateway::Gateway;
use kiosk::{Kiosk, Told};
use rest::Rest;
use tests::laws::Order;

struct Options {
    sales: u32,
    kiosks: u32,
    seed: u64,
    directory: PathBuf,
}

fn main() {
    if env::args().nth(1).as_deref() == Some("gateway") {
        return gateway::serve(env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(0));
    }
    let options = options();
    fs::create_dir_all(&options.directory).expect("the directory can be made");
    let result = soak(&options);
    end(&options, &result)
}

fn options() -> Options {
    // What is on trial here is not the disk.
    let memory = PathBuf::from("/dev/shm");
    let base = if memory.is_dir() { memory } else { env::temp_dir() };
    let directory = base.join(format!("soak-{}", process::id()));
    let mut options = Options { sales: 2_000, kiosks: 100, seed: 1, directory };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        let number = || value.parse::<u32>().unwrap_or_else(|_| panic!("{word} needs a number"));
        match word.as_str() {
            "--sales" => options.sales = number(),
            "--kiosks" => options.kiosks = number().max(1),
            "--seed" => options.seed = number().into(),
            "--dir" => options.directory = PathBuf::from(&value).join(format!("soak-{}", process::id())),
            other => panic!("there is no option {other}"),
        }
    }
    options
}

/// All rounds, each against a sandbox of its own: its books grow, and this program must not.
fn soak(options: &Options) -> Result<Figures, String> {
    let per_round = (options.sales / 10).clamp(100, 2_000);
    let rounds = options.sales.div_ceil(per_round);
    let mut figures = Figures::new(options.sales, options.kiosks, rounds as usize);
    let next = AtomicU32::new(0);
    let told = Mutex::new(Vec::with_capacity(per_round as usize));
    let (here, open, held) = (Mutex::new(None), Mutex::new(Vec::new()), AtomicU64::new(0));
    // The kiosks and this thread: a round begins, all is sold, what was open is looked at, a round ends.
    let barrier = Barrier::new(options.kiosks as usize + 1);
    thread::scope(|scope| {
        for number in 0..options.kiosks {
            let (next, told, here, open, held, barrier) = (&next, &told, &here, &open, &held, &barrier);
            scope.spawn(move || {
                let mut kiosk = Kiosk::new(number, options.seed, &options.directory);
                for round in 0..rounds {
                    barrier.wait();
                    let link = here.lock().unwrap().clone().expect("a sandbox");
                    let end = ((round + 1) * per_round).min(options.sales);
                    kiosk.open(&link);
                    let take = |sale: u32| (sale < end).then_some(sale + 1);
                    while let Ok(sale) = next.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
                        let ended = kiosk.sell(sale);
                        told.lock().unwrap().push(ended);
                    }
                    barrier.wait();
                    barrier.wait();
                    let (entries, bytes) = kiosk.close();
                    open.lock().unwrap().extend(entries);
                    held.fetch_max(bytes, Ordering::SeqCst);
                    barrier.wait();
                }
                // What a kiosk holds, it holds in the last round's figures, too.
                barrier.wait();
            });
        }
        for round in 0..rounds {
            let begin = Instant::now();
            let gateway = Gateway::start(options.seed + u64::from(round));
            *here.lock().unwrap() = Some(gateway.link.clone());
            barrier.wait();
            barrier.wait();
            let busy = Rest::now(&options.directory);
            barrier.wait();
            barrier.wait();
            let books = gateway.books();
            let mut ended = told.lock().unwrap();
            figures.round(&ended, &books, begin.elapsed());
            let slot =
                open.lock().unwrap().first().map(|entry| format!("a slot of a journal is still taken: {entry:?}"));
            if let Err(error) = compare(&ended, &books).and(slot.map_or(Ok(()), Err)) {
                // The kiosks wait for a next round that does not come.
                end(options, &Err(error));
            }
            // What was told is no memory of the terminals'.
            ended.clear();
            drop((ended, books));
            figures.rest(busy, Rest::now(&options.directory), held.load(Ordering::SeqCst));
            if round % 5 == 4 || round + 1 == rounds {
                eprintln!("round {} of {rounds}: {}", round + 1, figures.line());
            }
        }
        barrier.wait();
    });
    figures.check().inspect_err(|_| println!("{figures}"))?;
    Ok(figures)
}

fn end(options: &Options, result: &Result<Figures, String>) -> ! {
    let _ = fs::remove_dir_all(&options.directory);
    match result {
        Ok(figures) => println!("{figures}"),
        Err(error) => eprintln!("error: {error}"),
    }
    process::exit(i32::from(result.is_err()))
}

/// Every sale that was told of, and every order in the books.
fn compare(told: &[Told], books: &gateway::Books) -> Result<(), String> {
    for sale in told {
        let book = books.get(&sale.order_id);
        if let Err(what) = check(sale, book) {
            return Err(format!("{}: {what}; told {sale:?}, books {book:?}", sale.order_id));
        }
    }
    let orders = told.iter().filter(|sale| books.contains_key(&sale.order_id)).count();
    if orders != books.len() { Err(format!("{} orders in the books, {orders} told of", books.len())) } else { Ok(()) }
}

/// One sale by the laws that all worlds share, and by what holds of a kiosk that sold alone and is done with it.
fn check(sale: &Told, book: Option<&gateway::Book>) -> Result<(), String> {
    if let Some(trouble) = &sale.trouble {
        return Err(trouble.clone());
    }
    if book.is_none() && sale.attempts > 0 {
        return Err("an order that the books do not have".to_owned());
    }
    let payments = book.map_or_else(Vec::new, |book| book.payments.clone());
    let order = Order { payments, goods: vec![0; sale.goods], on_their_way: Vec::new() };
    let said = sale.said.ok_or("nothing was said of it")?;
    order.said(0, said)?;
    order.at_the_end()?;
    if sale.goods > 0 {
        order.handed_out(0)?;
    }
    // Mutant: a shopper for whom nothing comes out, and who says that it did.
    if order.kept() != sale.goods {
        return Err("the money stayed, and no goods went out".to_owned());
    }
    let came = order.payments.iter().filter(|payment| payment.succeeded).count() as u64;
    if book.is_some_and(|book| book.refunds > came) {
        return Err("more went back than came".to_owned());
    }
    Ok(())
}
