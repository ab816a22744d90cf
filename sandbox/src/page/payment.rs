//! One payment: the bank's page, or the prompt of a phone's UPI app.

use crate::books::order::Order;
use crate::books::payment::{Payment, PaymentStatus};
use crate::calls::otp::TRIES;
use crate::ground::json::text;
use crate::ground::test_data::OTP;
use crate::page::layout;
use crate::page::shown::Shown;
use crate::stage::gateway::Gateway;
use maud::{Markup, html};
use serde_json::Value;

/// Its address.
pub(crate) fn path(payment: &Payment) -> String {
    format!("/payments/{}", payment.id)
}

/// `₹10.15`
pub(crate) fn rupees(payment: &Payment) -> String {
    format!("\u{20b9}{}", payment.amount.two_decimals())
}

/// How it is paid, in the shopper's words.
pub(crate) fn way(payment: &Payment) -> &'static str {
    match payment.method {
        "upi" => "UPI",
        "card" => "Card, 3-D Secure",
        "emi" => "Card, in instalments",
        "netbanking" => "Net banking",
        "app" => "Wallet",
        "cardless_emi" => "Instalments without a card",
        "paylater" => "Pay later",
        "banktransfer" => "Bank transfer",
        other => other,
    }
}

/// The payment at this place in the books.
pub(crate) fn show(gateway: &Gateway, at: usize) -> Shown {
    let books = &gateway.desk.books;
    let payment = &books.payments[at];
    let order = books.orders.get(&payment.order_id);
    let is_phone = payment.method == "upi";
    let title = if is_phone { "Your UPI app" } else { "Your bank" };
    let content = html! {
        p.place { (title) span { (if is_phone { "Payment request" } else { way(payment) }) } }
        h1.payee { "Pay " strong { "Sandbox" } }
        p.sum { (rupees(payment)) }
        (facts(payment, order))
        @if payment.status.is_open() { (buttons(payment, is_phone)) } @else { (end(payment)) }
    };
    Shown::page(layout::page(title, if is_phone { "phone" } else { "card" }, &content))
}

fn facts(payment: &Payment, order: Option<&Order>) -> Markup {
    let shown = |name: &str| payment.shown.get(name).and_then(Value::as_str);
    let note = order.and_then(|order| text(&order.request, "order_note"));
    let card = shown("card_number").map(|number| {
        let digits = number.trim_start_matches('X');
        format!("**** {digits}, {}", shown("card_bank_name").unwrap_or_default())
    });
    let to = (payment.method == "upi").then_some("sandbox.pay@testbank");
    let rows = [
        ("To", to),
        ("Note", note),
        ("Card", card.as_deref()),
        ("From", shown("upi_id")),
        ("Bank", shown("netbanking_bank_name")),
        ("Provider", shown("provider")),
        ("Order", Some(payment.order_id.as_str())),
        ("Payment", Some(&payment.id.to_string())),
    ];
    html! {
        dl {
            @for (name, value) in rows {
                @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
            }
        }
    }
}

fn buttons(payment: &Payment, is_phone: bool) -> Markup {
    let path = path(payment);
    let button = |act: &str, class: &str, text: &str| {
        html! {
            form method="post" action={ (path) "/" (act) } { button class=(class) type="submit" { (text) } }
        }
    };
    html! {
        @if let Some(otp) = &payment.otp {
            @if otp.wrong > 0 {
                p.note.bad role="alert" { "The OTP was wrong. " (tries(TRIES.saturating_sub(otp.wrong))) }
            }
            form.otp method="post" action={ (path) "/otp" } {
                label for="otp" { "One-time password (OTP)" }
                input #otp name="otp" inputmode="numeric" autocomplete="one-time-code" required pattern="[0-9]{4,8}" maxlength="8" autofocus;
                p.soft { "The sandbox sends no message: its OTP is " (OTP) "." }
                button.main type="submit" { "Pay " (rupees(payment)) }
            }
        } @else {
            (button("approve", "main", "Approve"))
        }
        div.others {
            (button("decline", "", "Decline"))
            @if is_phone {
                a.button href="/payments" { "Ignore" }
            } @else {
                (button("close", "", "Close the page"))
            }
        }
        p.soft {
            @if is_phone {
                "If you ignore the request, it waits until its time is over."
            } @else {
                "If you close the page, the bank reports that the shopper left: USER_DROPPED."
            }
        }
    }
}

fn tries(left: u8) -> String {
    if left == 1 { "One try is left.".to_owned() } else { format!("{left} tries are left.") }
}

fn end(payment: &Payment) -> Markup {
    let (class, heading, text) = match payment.status {
        PaymentStatus::Success if payment.captured => ("note good", "Paid", "The money is taken."),
        PaymentStatus::Success => ("note good", "Approved", "The money is held, and not taken yet."),
        PaymentStatus::UserDropped => ("note", "Not paid", "The shopper left the page, or the order was closed."),
        PaymentStatus::Cancelled => ("note", "Given back", "The order was closed when the payment came."),
        _ => ("note bad", "Not paid", "The bank or the shopper refused."),
    };
    html! {
        div class=(class) role="status" {
            h2 { (heading) }
            p { (text) }
            @if let Some(code) = &payment.error { p.code { (code) } }
        }
    }
}
