//! A terminal that lost its journal asks the backend for its open orders, and stores them anew.

use super::super::model::{Operation, Text};
use super::super::sale::Record;
use super::super::sale::{Buffers, Failure, Millis, RefusedBy, RouteProblem, Sale, SaleError};
use super::super::wire::{Call, Request, ResponseHead, decode};
use super::desk::{Desk, Look, Turn};
use super::ended::{Done, Trouble};
use super::job::Job;
use super::life::{Asked, Life};
use super::recovery::{Recovery, Step};
use super::step::{Do, Unreadable};

/// Room for one order behind the list of orders, in bytes.
const LEAST_RX: usize = 4 * 1024;

impl Life {
    /// Begins to recover a lost journal: asks the backend for this device's open orders, and stores them. Ends with
    /// [`Done::Recovered`].
    pub fn recover(&mut self) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Recover(Recovery::new());
    }

    pub(super) fn run_recovery<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        let Job::Recover(recovery) = &self.job else { return Do::Sleep(now) };
        if now < recovery.at {
            return Do::Sleep(recovery.at);
        }
        if recovery.step == Step::Keep {
            return self.keep(now, buffers);
        }
        let Job::Recover(recovery) = &self.job else { return Do::Sleep(now) };
        self.asked = Asked::Job;
        let (call, rx) = match &recovery.step {
            Step::Ask | Step::Keep => (Call::Recover, &mut *buffers.rx),
            Step::Look(order_id) => return Do::Recall(order_id),
            Step::Read(order_id) => {
                (Call::ReadOrder(order_id), buffers.rx.get_mut(recovery.list..).unwrap_or_default())
            }
        };
        self.route = call.route();
        let request = Request::new(call, self.terms.api_version, self.keys.request_id())
            .with_epoch(self.epoch.as_ref())
            .with_timeout_ms(self.terms.policy.exchange_ms);
        Do::Exchange(request, rx)
    }

    fn keep<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        if !self.front.as_mut().is_some_and(|desk| matches!(desk.look(now, &self.terms), Look::Go)) {
            self.front = None;
            self.skip(buffers.rx);
            return Do::Sleep(now);
        }
        self.asked = Asked::Front;
        match self.front.as_mut().map(|desk| desk.next(now, &self.terms, &mut self.keys, buffers)) {
            Some(Turn::Store(record)) => Do::Store(record),
            _ => Do::Sleep(now),
        }
    }

    /// The journal's answer whether it has an order of the list.
    pub(super) fn recovery_recalled(&mut self, found: Result<Option<&Record>, &Unreadable>, rx: &[u8]) {
        let Job::Recover(recovery) = &mut self.job else { return };
        match (found, &recovery.step) {
            (Ok(None), Step::Look(order_id)) => recovery.step = Step::Read(order_id.clone()),
            (Ok(Some(_)) | Err(Unreadable::Record(_)), _) => self.next_of_list(rx),
            (Err(Unreadable::Journal), _) => self.finish(Done::Refused(Trouble::Journal)),
            (Ok(None), Step::Ask | Step::Read(_) | Step::Keep) => {}
        }
    }

    /// The journal has stored the order, or has no room: then it is left for later.
    pub(super) fn recovery_stored(&mut self, stored: bool, rx: &[u8]) {
        let Job::Recover(recovery) = &mut self.job else { return };
        recovery.found.orders += u32::from(stored);
        recovery.found.left += u32::from(!stored);
        self.front = None;
        self.next_of_list(rx);
    }

    #[inline(never)]
    pub(super) fn recovery_exchanged(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        let Job::Recover(recovery) = &mut self.job else { return };
        let asked = recovery.step == Step::Ask;
        let problem = match result {
            Ok(head) if head.is_success() && !head.truncated => {
                let read = if asked { self.listed(&head, rx) } else { self.order_read(now, &head, rx) };
                if read {
                    return;
                }
                RouteProblem::Unreadable
            }
            Ok(head) if head.is_success() => RouteProblem::Unreadable,
            Ok(head) if head.status < 500 && head.status != 429 => {
                if !asked {
                    // Not there, or not ours: somebody must look at it there.
                    return self.skip(rx);
                }
                let body = rx.get_mut(..head.body_len).unwrap_or_default();
                let code = Text::cut(decode::refusal(head.status, body).code);
                let by = RefusedBy { status: head.status, code };
                return self.finish(Done::Refused(Trouble::Refusal(by)));
            }
            Ok(head) => RouteProblem::Refused { status: head.status },
            Err(failure) => RouteProblem::Failed(failure),
        };
        let Job::Recover(recovery) = &mut self.job else { return };
        if recovery.again(now) {
            return;
        }
        // The list is there, so the new epoch is: what cannot be read of it is left for another time.
        if asked { self.finish(Done::Refused(Trouble::Route(problem))) } else { self.skip(rx) }
    }

    fn listed(&mut self, head: &ResponseHead, rx: &[u8]) -> bool {
        let Job::Recover(recovery) = &mut self.job else { return false };
        let Ok(first) = decode::recovery(rx.get(..head.body_len).unwrap_or_default(), 0) else { return false };
        recovery.list = head.body_len;
        recovery.found.epoch = first.epoch;
        self.set_epoch(first.epoch);
        if rx.len() < head.body_len + LEAST_RX {
            let needed = head.body_len + LEAST_RX;
            self.finish(Done::Refused(Trouble::Sale(SaleError::RxTooSmall { needed })));
        } else {
            self.this_of_list(rx);
        }
        true
    }

    fn order_read(&mut self, now: Millis, head: &ResponseHead, rx: &mut [u8]) -> bool {
        let Job::Recover(recovery) = &mut self.job else { return false };
        let Step::Read(order_id) = &recovery.step else { return false };
        let body = rx.get_mut(recovery.list..).and_then(|rx| rx.get_mut(..head.body_len)).unwrap_or_default();
        let Ok(order) = decode::order(body) else { return false };
        let Ok(currency) = super::super::model::Currency::parse(order.currency) else { return false };
        if order.order_id != order_id.as_str() {
            return false;
        }
        let key = self.keys.key(Operation::OrderPay, order_id, 0, 0);
        let super::terms::Terms { environment, api_version, policy, .. } = self.terms;
        let record = Record::recovered(order_id.clone(), order.amount, currency, environment, api_version, key);
        recovery.step = Step::Keep;
        let seed = self.keys.seed();
        Desk::open(&mut self.front, || Sale::recovered(record, policy, seed, now), &self.terms, now);
        if let Some(desk) = &mut self.front {
            desk.attended = false;
        }
        true
    }

    fn skip(&mut self, rx: &[u8]) {
        let Job::Recover(recovery) = &mut self.job else { return };
        recovery.found.left += 1;
        self.next_of_list(rx);
    }

    fn next_of_list(&mut self, rx: &[u8]) {
        let Job::Recover(recovery) = &mut self.job else { return };
        recovery.n += 1;
        self.this_of_list(rx);
    }

    fn this_of_list(&mut self, rx: &[u8]) {
        let Job::Recover(recovery) = &mut self.job else { return };
        (recovery.tries, recovery.at) = (0, Millis(0));
        match decode::recovery(rx.get(..recovery.list).unwrap_or_default(), recovery.n) {
            Ok(decode::Recovery { order_id: Some(order_id), .. }) => recovery.step = Step::Look(order_id),
            Ok(_) => {
                let found = recovery.found;
                self.back.expect();
                self.finish(Done::Recovered(found));
            }
            // Behind an element that is no order id nothing can be told.
            Err(_) => {
                recovery.found.left += 1;
                let found = recovery.found;
                self.finish(Done::Recovered(found));
            }
        }
    }
}
