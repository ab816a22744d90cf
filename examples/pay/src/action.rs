//! What the shopper has to do, shown on a terminal; a code for another sum than the order's is not.

use std::fs;
use std::path::Path;

use pay_core::model::{NextAction, UpiLink};
use pay_core::till::Offer;
use serde_json::Value;

use super::console::Console;
use super::exit::one_line;
use super::qr;

/// Shows it. With `page` a person plays the customer there, so no page of the answer is named beside it.
///
/// # Errors
/// Why it must not be shown, as a clause.
pub(super) fn show(
    action: &NextAction<'_>,
    value: &Value,
    offer: &Offer,
    console: Console,
    qr_file: Option<&Path>,
    page: Option<&str>,
) -> Result<(), String> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    match action {
        NextAction::OpenUrl(_) | NextAction::PostForm { .. } if page.is_some() => {}
        NextAction::OpenUrl(_) => console.say(&format!("Open this page:\n  {}", text("url"))),
        NextAction::PostForm { url, .. } => {
            console.say(&format!("Post a form with these fields to {}:\n  {}", url.host(), text("url")));
            for (name, field) in value["fields"].as_object().into_iter().flatten() {
                console.say(&format!("  {} = {}", one_line(name), one_line(field.as_str().unwrap_or_default())));
            }
        }
        NextAction::ShowQr(image) => {
            let mut png = vec![0; image.png_len()];
            image.decode(&mut png);
            let mut modules = qr::from_png(&png);
            if let Some(text) = modules.as_ref().ok().and_then(qr::Modules::read) {
                let link = UpiLink::parse(&text).ok_or("the QR image is not for a UPI payment; it is not shown")?;
                check(link, offer)?;
                // The same text, in fewer modules where it can be.
                modules = qr::from_text(&text).map_or(modules, Ok);
            }
            save(qr_file, Some(&png), console);
            match modules {
                Ok(modules) => draw(&modules, qr_file, console),
                Err(why) => {
                    let hint = if qr_file.is_some() { "" } else { "; --qr-file saves it" };
                    console.say(&format!("The QR image ({} bytes) cannot be drawn here: {why}{hint}.", png.len()));
                }
            }
        }
        NextAction::UpiLinks(links) => {
            // A page of the gateway says the sum itself.
            for (_, link) in links.iter().filter(|(_, link)| !link.as_str().starts_with("https:")) {
                check(link, offer)?;
            }
            for (app, link) in links.iter() {
                console.say(&format!("  {app}: {}", link.as_str()));
            }
            if let Some(modules) = links.upi().and_then(|link| qr::from_text(link.as_str())) {
                save(qr_file, modules.png().as_deref(), console);
                draw(&modules, qr_file, console);
            }
        }
        NextAction::EnterOtp { was_wrong, .. } => {
            if *was_wrong {
                console.say("The OTP was wrong.");
            }
            let bank = text("redirect_to_bank");
            if !bank.is_empty() && !was_wrong && page.is_none() {
                console.say(&format!("The bank wants an OTP. If it does not work out, open this page:\n  {bank}"));
            }
        }
        NextAction::BankTransfer(_) => {
            console.say("Transfer to:");
            for (label, name) in [("account", "account_number"), ("IFSC", "ifsc"), ("or UPI address", "virtual_vpa")] {
                if !text(name).is_empty() {
                    console.say(&format!("  {label}: {}", one_line(&text(name))));
                }
            }
        }
        NextAction::Wait => console.say("The shopper approves the payment in their UPI app."),
        _ => console.say("The gateway asks for something that this program does not know; the payment exists."),
    }
    if let Some(page) = page {
        console.say(&format!(
            "Open this page in a browser. It stands for your phone or your bank: approve or decline there.\n  {page}"
        ));
    }
    Ok(())
}

fn check(link: UpiLink<'_>, offer: &Offer) -> Result<(), String> {
    link.asks_for(offer.amount, &offer.currency)
        .map_err(|why| format!("{why} ({} {}); it is not shown", offer.currency, offer.amount))
}

fn save(qr_file: Option<&Path>, png: Option<&[u8]>, console: Console) {
    if let (Some(file), Some(png)) = (qr_file, png) {
        let word = if fs::write(file, png).is_ok() { "is in" } else { "cannot be written to" };
        console.say(&format!("The QR image {word} {}.", file.display()));
    }
}

fn draw(modules: &qr::Modules, qr_file: Option<&Path>, console: Console) {
    if console.is_json() && !console.is_terminal() {
        return;
    }
    let size = match (modules.fits(), qr_file) {
        (false, None) => format!(" ({} rows; `order pay --qr-file FILE` saves it as an image)", modules.rows()),
        _ => String::new(),
    };
    console.say(&format!("Scan this with a UPI app{size}:"));
    console.say(&modules.draw(console.is_terminal()));
}
