//! `pay bench`: Order Pay calls, one after another, over one connection. On this machine only.

use std::time::Instant;
use std::{fs, str};

use anyhow::{anyhow, bail};
use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{
    Amount, CreateOrder, Customer, CustomerId, IdempotencyKey, OrderId, PaymentSessionId, Phone, RequestId,
};
use pay_core::wire::{Call, Request, decode, encode};
use serde_json::json;

use super::cli::BenchArgs;
use super::console::Console;
use super::entropy::random;
use super::exit::Ending;
use super::gateway::{Gateway, hints};
use super::merchant::{Merchant, Trouble};
use super::method::MethodArgs;
use super::patience::acting;

pub(super) fn run(console: Console, args: &BenchArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::to(&args.to)?;
    if !gateway.is_loopback() {
        bail!("bench calls a gateway on this machine only: give --gateway https://127.0.0.1:PORT/pg");
    }
    let session = match session(&gateway, args)? {
        Ok(session) => session,
        Err(trouble) => return trouble.ending(),
    };
    let pay = args.method.chosen(&MethodArgs::default(), true, console)?.request(session);
    let mut transport = gateway.pay_transport()?;
    let (mut tx, mut rx) = (vec![0; 4 * 1024], vec![0; 64 * 1024]);
    let hints = hints();
    let (seed, run): ([u8; 16], [u8; 10]) = (random()?, random()?);
    let mut times_us = Vec::with_capacity(usize::try_from(args.calls)?);
    let mut refused = 0_u32;
    let start = Instant::now();
    acting();
    for call in 0..args.calls {
        let begin = Instant::now();
        let len = encode::order_pay(&pay, gateway.version, &mut tx)?;
        // Every call is an attempt of its own.
        let key = IdempotencyKey::from_time(call.into(), run);
        let request = Request::new(Call::OrderPay, gateway.version, RequestId::derive(&seed, call))
            .with_key(&key)
            .with_client(Some(&hints))
            .with_body(tx.get(..len).unwrap_or_default());
        let head = transport.exchange(&request, &mut rx).map_err(|error| anyhow!("Call {call} failed: {error}."))?;
        if head.is_success() {
            decode::order_pay(rx.get_mut(..head.body_len).unwrap_or_default())
                .map_err(|error| anyhow!("The answer to call {call} cannot be read: {error}."))?;
        } else {
            refused += 1;
        }
        times_us.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    let total_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
    times_us.sort_unstable();
    let at = |percent: usize| times_us.get((times_us.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    let (p50, p99) = (at(50).unwrap_or(0), at(99).unwrap_or(0));
    let per_s = u64::from(args.calls) * 1_000_000 / total_us;
    let peak = peak_kib();
    console.answer(&json!({
        "calls": args.calls,
        "refused": refused,
        "calls_per_s": per_s,
        "p50_us": p50,
        "p99_us": p99,
        "peak_memory_kib": peak,
    }));
    if !console.is_json() {
        let peak = peak.map_or_else(|| "unknown here".to_owned(), |kib| format!("{kib} KiB"));
        console.say(&format!("{} calls by {}, {refused} refused", args.calls, args.method.as_str()));
        console.say(&format!("{per_s} calls/s, p50 {p50} µs, p99 {p99} µs, peak memory {peak}"));
    }
    Ok(match refused {
        0 => Ending::Done,
        _ => Ending::Failed(format!("The gateway refused {refused} of {} calls.", args.calls)),
    })
}

fn session(gateway: &Gateway, args: &BenchArgs) -> anyhow::Result<Result<PaymentSessionId, Trouble>> {
    if let Some(session) = &args.session {
        return Ok(Ok(PaymentSessionId::parse(session)?));
    }
    if !gateway.can_ask() {
        // For a server that answers anything; a sandbox refuses it, and says so.
        return Ok(Ok(PaymentSessionId::parse("session_bench")?));
    }
    let customer = Customer::new(CustomerId::parse("bench")?, Phone::parse("9999999999")?);
    let order = CreateOrder::new(OrderId::mint("bench", random()?)?, Amount::from_minor(1015)?, customer)?;
    let mut tx = [0; 1024];
    let len = encode::create_order(&order, &mut tx)?;
    let mut merchant = Merchant::asking(gateway)?;
    let key = IdempotencyKey::from_random(random()?);
    Ok(match merchant.call(Call::CreateOrder, Some(&key), tx.get(..len).unwrap_or_default())? {
        Ok(mut body) => Ok(PaymentSessionId::parse(decode::order(&mut body)?.payment_session_id)?),
        Err(trouble) => Err(trouble),
    })
}

/// The most memory that this process ever held (Linux only).
fn peak_kib() -> Option<u64> {
    let status = fs::read("/proc/self/status").ok()?;
    let line = str::from_utf8(&status).ok()?.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
