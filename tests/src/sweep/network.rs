//! The terminal's connections: to the gateway, and to whoever holds the keys.

use pay_core::model::CallKind;
use pay_core::sale::{Delivery, ErrorKind, Failure};
use pay_core::wire::{Auth, Request, ResponseHead};

use sandbox::Break;

use super::boot::Boot;
use super::explore::Kind;
use super::fault::Net;
use crate::merchant::{Mishap, plain};

/// What a wrong byte of an answer is: no JSON has it.
const GARBAGE: u8 = 0x01;

/// An exchange of the terminal; `None`: it dropped its own future, and hears nothing.
pub(super) fn exchange(
    boot: &Boot<'_>,
    request: &Request<'_>,
    auth: &Auth,
    rx: &mut [u8],
) -> Option<Result<ResponseHead, Failure>> {
    let net = boot.next_exchange(request.call.kind());
    let checked = boot.outside.borrow_mut().check_before_send(request);
    if let Err(what) = checked {
        boot.broken(what);
    }
    let number = boot.exchanges.get() - 1;
    boot.say(|| format!("exchange {number}: {} {}{}", request.call.method().as_str(), request.call, shown(net)));
    boot.point(Kind::Network);
    let send = (request.call.kind() == CallKind::OrderPay)
        .then(|| boot.outside.borrow_mut().current().sends.len().saturating_sub(1));
    let plain = plain(request, auth);
    if request.call.kind().acts() {
        // On its way: it arrives though nobody waits for the answer any more.
        let delay = [700, 3_000, 12_000][(boot.number(11) % 3) as usize];
        let at = boot.outside.borrow().now + delay;
        boot.outside.borrow_mut().late.push((at, plain.clone(), send));
        boot.point(Kind::Network);
        boot.outside.borrow_mut().late.pop();
    }
    let result = travel(boot, request, &plain, send, net, rx);
    boot.say(|| match &result {
        Ok(head) => format!("    {} {}", head.status, String::from_utf8_lossy(&rx[..head.body_len.min(400)])),
        Err(failure) => format!("    {failure}"),
    });
    // Of what is dropped the terminal hears nothing.
    if net != Some(Net::Dropped) {
        note(boot, request.call.kind(), send, &result, rx);
    }
    boot.point(Kind::Network);
    (net != Some(Net::Dropped)).then_some(result)
}

/// What an honest observer learns from an answer to a call that pays.
fn note(boot: &Boot<'_>, call: CallKind, send: Option<usize>, result: &Result<ResponseHead, Failure>, rx: &[u8]) {
    let mut outside = boot.outside.borrow_mut();
    let certain = match result {
        Err(failure) => failure.delivery == Delivery::NotSent,
        Ok(head) => (head.status == 429 && !head.replayed) || head.from_backend,
    };
    let book = outside.current();
    if call == CallKind::Authenticate && certain {
        book.otp_in_doubt = None;
    }
    let Some(sent) = send.and_then(|send| book.sends.get_mut(send)) else { return };
    sent.in_doubt &= !certain;
    if let Ok(head) = result {
        let body = rx.get(..head.body_len).unwrap_or_default();
        let readable = !body.contains(&GARBAGE) && body.ends_with(b"}");
        sent.failed |= head.status >= 500 && readable && body.windows(8).any(|part| part == br#""code":""#);
    }
}

fn shown(net: Option<Net>) -> String {
    net.map_or_else(String::new, |net| format!(" <- {net:?}"))
}

/// There and back, with what goes wrong on the way.
fn travel(
    boot: &Boot<'_>,
    request: &Request<'_>,
    plain: &sandbox::Request,
    send: Option<usize>,
    net: Option<Net>,
    rx: &mut [u8],
) -> Result<ResponseHead, Failure> {
    let pass = |ms: u64| {
        let to = boot.outside.borrow().now + ms;
        boot.outside.borrow_mut().advance(to);
    };
    let lost = |kind, delivery| Err(Failure { kind, delivery });
    let timeout = u64::from(request.timeout_ms);
    match net {
        Some(Net::NotSent) => return lost(ErrorKind::Connect, Delivery::NotSent),
        Some(Net::Untrusted) => return lost(ErrorKind::Untrusted, Delivery::NotSent),
        Some(Net::LostBefore) => {
            pass(timeout);
            return lost(ErrorKind::TimedOut, Delivery::Unknown);
        }
        Some(Net::ArrivesLate) => {
            let at = boot.outside.borrow().now + timeout + 5_000;
            boot.outside.borrow_mut().late.push((at, plain.clone(), send));
            pass(timeout);
            return lost(ErrorKind::TimedOut, Delivery::Unknown);
        }
        Some(Net::PageBefore) => return Ok(bare(502, b"<html>bad gateway</html>", rx)),
        Some(Net::Throttled) => {
            let mut head =
                bare(429, br#"{"message":"Too many","code":"request_failed","type":"rate_limit_error"}"#, rx);
            head.note_header("x-ratelimit-retry", "7");
            return Ok(head);
        }
        Some(Net::Busy) => return Ok(bare(429, b"slow down", rx)),
        Some(Net::Unauthorized) => {
            return Ok(bare(401, br#"{"message":"no","code":"request_failed","type":"authentication_error"}"#, rx));
        }
        Some(Net::NotFound) => {
            return Ok(bare(404, br#"{"message":"no","code":"request_failed","type":"invalid_request_error"}"#, rx));
        }
        Some(net @ (Net::Failed | Net::FailedAfter)) => {
            let target = format!("{} {}", request.call.method().as_str(), request.call);
            let fault = sandbox::Fault::InternalError { executed: net == Net::FailedAfter };
            boot.outside.borrow_mut().gateway.inject(&target, 1, fault);
        }
        _ => {}
    }
    pass(20);
    if net == Some(Net::Twice) {
        boot.outside.borrow_mut().deliver(plain, send, Mishap::None);
    }
    let mishap = match net {
        Some(Net::Dies0) => Mishap::Dies(0),
        Some(Net::Dies1) => Mishap::Dies(1),
        Some(Net::Dies2) => Mishap::Dies(2),
        Some(Net::Dies3) => Mishap::Dies(3),
        Some(Net::Unkept) => Mishap::Unkept,
        Some(Net::Unreached) => Mishap::Unreached,
        Some(Net::Unheard) => Mishap::Unheard,
        _ => Mishap::None,
    };
    let answer = boot.outside.borrow_mut().deliver(plain, send, mishap);
    // The power can go while the answer is on its way.
    boot.point(Kind::Network);
    pass(20);
    if let Some(fault) = answer.fault {
        // Half an answer is none, whatever came of it.
        if fault.how == Break::Stall {
            pass(timeout);
            return lost(ErrorKind::TimedOut, Delivery::Unknown);
        }
        return lost(ErrorKind::Closed, Delivery::Unknown);
    }
    let mut head = answered(&answer, rx)?;
    let len = head.body_len;
    if request.call.kind() == CallKind::OrderPay && head.status == 200 {
        let made = boot.outside.borrow_mut().current().sends.last().and_then(|sent| sent.payments.last().copied());
        boot.outside.borrow_mut().current().answered = made;
    }
    let somewhere = |salt| (boot.number(salt) % len.max(1) as u64) as usize;
    match net {
        Some(Net::LostAfter) => {
            pass(timeout);
            lost(ErrorKind::Closed, Delivery::Unknown)
        }
        Some(Net::PageAfter) => Ok(bare(504, b"<html>time-out</html>", rx)),
        Some(Net::Short) => {
            head.body_len = somewhere(12);
            Ok(head)
        }
        Some(Net::Garbled) => {
            if let Some(byte) = rx.get_mut(somewhere(13)) {
                *byte = GARBAGE;
            }
            Ok(head)
        }
        _ => Ok(head),
    }
}

/// An answer as the terminal gets it.
pub(super) fn answered(answer: &sandbox::Response, rx: &mut [u8]) -> Result<ResponseHead, Failure> {
    if let Some(fault) = &answer.fault {
        let kind = if fault.how == Break::Stall { ErrorKind::TimedOut } else { ErrorKind::Closed };
        return Err(Failure { kind, delivery: Delivery::Unknown });
    }
    let mut head = ResponseHead::new(answer.status);
    for (name, value) in &answer.headers {
        head.note_header(name, value);
    }
    let len = answer.body.len().min(rx.len());
    rx[..len].copy_from_slice(&answer.body[..len]);
    head.body_len = len;
    head.truncated = answer.body.len() > len;
    Ok(head)
}

fn bare(status: u16, body: &[u8], rx: &mut [u8]) -> ResponseHead {
    rx[..body.len()].copy_from_slice(body);
    let mut head = ResponseHead::new(status);
    head.body_len = body.len();
    head
}
