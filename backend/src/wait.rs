//! Devices that wait for news of their order: `Prefer: wait=N` (RFC 7240) on `GET /orders/{id}`.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pay_core::model::{CallKind, OrderId};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::account::Account;
use crate::answer::Answer;
use crate::book::{Entry, Owner};
use crate::call::{Call, Incoming};
use crate::counter::Counter;
use crate::desk::Desk;
use crate::missed::TRUSTING;
use crate::rules::{self, Way};
use crate::store::Heard;
use crate::token::presented;

/// The longest wait, whatever the request prefers.
const MOST: Duration = Duration::from_secs(10);
/// How often to look for events of other backends while `LISTEN` does not work.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Bells {
    of: HashMap<OrderId, Weak<Notify>>,
    /// When the entries that nobody waits for were last removed.
    swept: Option<Instant>,
}

/// The devices that wait, by order, for one account.
#[derive(Default)]
pub(crate) struct Waiters {
    bells: Mutex<Bells>,
    stopped: AtomicBool,
}

impl Waiters {
    /// Something new is known about the order.
    pub(crate) fn ring(&self, order: &OrderId) {
        let bell = self.bells().of.get(order).and_then(Weak::upgrade);
        if let Some(bell) = bell {
            bell.notify_waiters();
        }
    }

    /// The backend ends: all waits end.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.ring_all();
    }

    fn ring_all(&self) {
        let bells: Vec<_> = self.bells().of.values().cloned().collect();
        bells.iter().filter_map(Weak::upgrade).for_each(|bell| bell.notify_waiters());
    }

    /// Number of orders that are waited for, or were within the last seconds.
    fn count(&self) -> usize {
        self.bells().of.len()
    }

    fn bells(&self) -> MutexGuard<'_, Bells> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What rings for an order, and shows as long as it is held that somebody waits.
    pub(crate) fn bell(&self, order: &OrderId) -> Arc<Notify> {
        let (mut bells, now) = (self.bells(), Instant::now());
        if let Some(bell) = bells.of.get(order).and_then(Weak::upgrade) {
            return bell;
        }
        if bells.swept.is_none_or(|swept| now.duration_since(swept) >= MOST) {
            bells.swept = Some(now);
            bells.of.retain(|_, bell| bell.strong_count() > 0);
        }
        let bell = Arc::new(Notify::new());
        bells.of.insert(order.clone(), Arc::downgrade(&bell));
        bell
    }
}

/// How long the request prefers to wait. `None`: it has no such preference, or one that is not understood.
pub(crate) fn preferred(prefer: &str) -> Option<Duration> {
    let wait = prefer.split(',').find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    })?;
    Some(Duration::from_secs(wait.parse::<u32>().ok()?.into()).min(MOST))
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There was no reason to wait.
    Not,
    /// Something new is known, perhaps since before the question came.
    News,
    /// Nothing new came. The value is how many attempts were over when the wait began.
    Quiet(usize),
}

/// Holds a device's question about its order until a reading shows something new or the time is over.
pub(crate) async fn with(desk: &Arc<Desk>, request: &Arc<Incoming>, time: Duration) -> Waited {
    let end = Instant::now() + time;
    let stands = async || {
        let (desk, request) = (Arc::clone(desk), Arc::clone(request));
        tokio::task::spawn_blocking(move || desk.waits(&request)).await.ok().flatten()
    };
    let Some((waiters, order, before)) = stands().await else {
        let (desk, request) = (Arc::clone(desk), Arc::clone(request));
        let is_told = tokio::task::spawn_blocking(move || desk.paid_by_its_list(&request).is_some()).await;
        // The news came between two questions of the device.
        return if is_told.is_ok_and(|is_told| is_told) { Waited::News } else { Waited::Not };
    };
    let bell = waiters.bell(&order);
    loop {
        let rung = bell.notified();
        tokio::pin!(rung);
        // From here on no news is missed.
        rung.as_mut().enable();
        if waiters.stopped.load(Ordering::SeqCst) {
            return Waited::Quiet(before);
        }
        match stands().await {
            Some((.., now)) if now == before => {}
            _ => return Waited::News,
        }
        // Other backends on this database reach us only by `LISTEN`; otherwise look.
        let look = if desk.store.is_shared() && !desk.store.hears() { end.min(Instant::now() + LOOK) } else { end };
        if timeout_at(look, rung).await.is_err() && look >= end {
            return Waited::Quiet(before);
        }
    }
}

impl Desk {
    /// Wakes the devices that wait for orders that other backends changed.
    pub(crate) fn listen(self: &Arc<Self>) {
        let desk = Arc::downgrade(self);
        self.store.listen(move |heard| {
            let Some(desk) = desk.upgrade() else { return };
            for Account { waiters, .. } in desk.accounts() {
                match &heard {
                    Heard::Order(order) => waiters.ring(order),
                    Heard::Any => waiters.ring_all(),
                }
            }
        });
    }

    /// The account's waiting devices, the order that this device may wait for, and how many attempts are over. `None`: answer at once.
    fn waits(&self, request: &Incoming) -> Option<(Arc<Waiters>, OrderId, usize)> {
        let (waiters, entry) = self.told_of(request)?;
        let (has_ended, over) = entry.news();
        (!has_ended).then(|| (waiters, entry.order().clone(), over))
    }

    /// The order that this device asks for, if its payments were read and show it as paid, and the order was not read since.
    fn paid_by_its_list(&self, request: &Incoming) -> Option<OrderId> {
        let (_, entry) = self.told_of(request)?;
        entry.is_paid_by_its_list().then(|| entry.order().clone())
    }

    /// The order that this device asks for, if it is its own and webhooks tell of it; and who waits in its account.
    fn told_of(&self, request: &Incoming) -> Option<(Arc<Waiters>, Entry)> {
        let Ok(Call::Read(order)) = request.call(&self.prices) else { return None };
        let owner = request.token().and_then(presented)?;
        // Without webhooks no news comes: asking at once tells more.
        let Account { webhooks: Some(_), waiters, .. } = self.at_owner(owner).ok()?.account else { return None };
        let entry = self.entry(&order).ok().flatten().filter(|entry| *entry.owner() == owner)?;
        Some((Arc::clone(waiters), entry))
    }

    /// The answer to a device that waited and is told of news. If the payments were read and the order was not, the order is given as it was
    /// read before them, once: the device asks for the payments next, which are answered from that reading.
    pub(crate) fn news(&self, request: &Incoming) -> Answer {
        self.before_its_list(request).unwrap_or_else(|| self.handle(request))
    }

    fn before_its_list(&self, request: &Incoming) -> Option<Answer> {
        let order = self.paid_by_its_list(request)?;
        let version = request.version().ok()?;
        let (owner, way, counter) = self.device(request).ok()?;
        let answer = counter.take_outdated(&order, version, TRUSTING)?;
        Some(shown(&counter, owner, way, answer))
    }

    /// The answer to a device that waited in vain: the last reading. Reads the order anew if webhooks may be missing, or if the number of
    /// attempts that are over is no longer `before`: then something was stored and not heard.
    pub(crate) fn unchanged(&self, request: &Incoming, before: usize) -> Answer {
        let Ok(Call::Read(order)) = request.call(&self.prices) else { return self.handle(request) };
        let (Ok(version), Some((.., now))) = (request.version(), self.waits(request)) else {
            return self.handle(request);
        };
        if now != before {
            return self.handle(request);
        }
        let (owner, way, counter) = match self.device(request) {
            Ok(device) => device,
            Err(answer) => return answer,
        };
        let Account { gateway, missed, waiters, .. } = counter.account;
        let limit = gateway.rate(CallKind::ReadOrder).map_or(0, |rate| rate.limit);
        let age = missed.may_be_old(&order, self.clock.now(), waiters.count(), limit);
        // If little of the budget is left, it is for the devices that have news.
        let age = if gateway.has_left(CallKind::ReadOrder, 5) { age } else { age * 8 };
        match counter.last(&order, version, age) {
            Some(last) => shown(&counter, owner, way, last),
            None => self.handle(request),
        }
    }
}

/// As a device sees it that pays this way.
fn shown(counter: &Counter<'_>, owner: Owner, way: Way, answer: Answer) -> Answer {
    match way {
        Way::Direct => answer,
        Way::Relayed => rules::hide(counter, owner, answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: another preference taken for `wait`; a wait without an end.
    #[test]
    fn preferences_are_read_as_rfc_7240_has_them() {
        let seconds = |text| preferred(text).map(|time| time.as_secs());
        for (text, wait) in [("wait=5", 5), ("respond-async, Wait = 7", 7), ("wait=\"3\"; x=y", 3), ("wait=100", 10)] {
            assert_eq!(seconds(text), Some(wait), "{text}");
        }
        for text in ["", "wait", "wait=", "wait=-1", "wait=1.5", "waits=5", "respond-async"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
