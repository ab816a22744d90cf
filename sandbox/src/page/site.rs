//! Which page a request is for.

use crate::calls::simulate::DECLINED;
use crate::ground::http::{Request, Response};
use crate::ground::test_data::Outcome;
use crate::ground::time::UnixMillis;
use crate::page::asked;
use crate::page::payment;
use crate::page::shown::Shown;
use crate::page::waiting;
use crate::stage::gateway::Gateway;

/// Whether a page is there rather than a call of the API.
pub(crate) fn has(path: &str) -> bool {
    matches!(path, "/" | "/payments" | "/style.css") || path.starts_with("/payments/") || path.starts_with("/pg/view/")
}

/// Answers a browser at this time. `now` must not run backwards.
pub(crate) fn answer(gateway: &mut Gateway, request: &Request, now: UnixMillis) -> Response {
    gateway.advance(now);
    let now = now + gateway.ahead;
    route(gateway, request, now).unwrap_or_else(|shown| shown).response()
}

fn route(gateway: &mut Gateway, request: &Request, now: UnixMillis) -> Result<Shown, Shown> {
    asked::is_here(request)?;
    if let Some(page) = request.path.strip_prefix("/pg").filter(|page| page.starts_with("/view/")) {
        return of_gateway(gateway, page, asked::is_shown(request));
    }
    let parts: Vec<&str> = request.path.split('/').skip(1).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", [""]) => Ok(Shown::to(&waiting::first(gateway))),
        ("GET", ["payments"]) => Ok(waiting::show(gateway)),
        ("GET", ["payments", id]) => {
            let at = find(gateway, id)?;
            if asked::is_shown(request) {
                gateway.desk.books.open_page(at);
            }
            Ok(payment::show(gateway, at))
        }
        ("GET", ["style.css"]) => Ok(Shown::style()),
        ("POST", ["payments", id, act]) => {
            asked::is_own_form(request)?;
            let at = find(gateway, id)?;
            act_on(gateway, at, act, request, now)
        }
        ("GET" | "POST", _) => Err(no_page()),
        _ => Err(Shown::refused(405, "This page does not have this method.")),
    }
}

/// The address that the gateway gave for a payment: some are opened, others get a form.
fn of_gateway(gateway: &mut Gateway, page: &str, is_shown: bool) -> Result<Shown, Shown> {
    let books = &mut gateway.desk.books;
    let at = books.payment_of_page(page).ok_or_else(no_page)?;
    if is_shown {
        books.open_page(at);
    }
    Ok(Shown::to(&payment::path(&books.payments[at])))
}

/// A button was pressed. On a payment that has ended it does nothing: the page says how it ended.
fn act_on(gateway: &mut Gateway, at: usize, act: &str, request: &Request, now: UnixMillis) -> Result<Shown, Shown> {
    let books = &mut gateway.desk.books;
    if books.payments[at].status.is_open() {
        let done = match act {
            // The bank lets nobody past its OTP.
            "approve" if books.payments[at].otp.is_none() => books.end(at, &Outcome::Success, now),
            "decline" => books.end(at, &DECLINED, now),
            "close" => books.end(at, &Outcome::UserDropped, now),
            "otp" => books.submit_otp(at, asked::field(request, "otp").trim(), now).map(|_| ()),
            _ => return Err(no_page()),
        };
        done.map_err(|refusal| {
            Shown::refused(refusal.status, "This payment takes no OTP, or the time for it is over.")
        })?;
    }
    Ok(Shown::to(&payment::path(&books.payments[at])))
}

fn find(gateway: &Gateway, id: &str) -> Result<usize, Shown> {
    gateway.desk.books.find_payment(id).map_err(|_| no_page())
}

fn no_page() -> Shown {
    Shown::refused(404, "There is no such page.")
}
