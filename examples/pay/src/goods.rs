//! What becomes of the goods of a paid order. Nothing moves here: the option says what an actuator would have said.

use pay_core::drive::journal::blocking::Journal;
use pay_core::model::RefundReason;
use pay_core::sale::{Record, Release, Stage};

use super::attempt::{Stop, Till};
use super::cli::ReleaseName;
use super::console::Console;
use super::exit::Ending;

/// Hands out what was paid for, once: the journal learns of it before anything moves.
pub(super) fn hand_out<J: Journal>(till: &mut Till<'_, J>, how: ReleaseName, console: Console) -> anyhow::Result<Stop> {
    till.driver.begin_release()?;
    let stop = till.run();
    // Without the token nothing may move.
    let Some(token) = till.driver.vend_token() else { return Ok(stop) };
    match how {
        ReleaseName::Ok => {
            console.say("The goods go out.");
            till.driver.released(token, true)?;
        }
        ReleaseName::Fail => {
            console.say("The goods do not go out.");
            till.driver.released(token, false)?;
        }
        // As if the power had gone: whoever has the token is never heard of again.
        ReleaseName::Unknown => {
            drop(token);
            return Ok(stop);
        }
    }
    Ok(till.run())
}

/// The end of an order that took money.
pub(super) fn ending(record: &Record) -> (&'static str, Ending) {
    let id = &record.order_id;
    match (record.refund_due(), &record.stage, record.release) {
        (Some(_), ..) => {
            let text = format!("{}; it must go back: `pay journal resume {id}` with merchant keys.", why(record));
            ("refund_due", Ending::Pending(text))
        }
        (None, Stage::Refunded(RefundReason::LateSuccess), _) | (None, _, Release::Returned) => {
            ("refunded", Ending::Failed(format!("{}; it has gone back.", why(record))))
        }
        (None, _, Release::Releasing | Release::Unknown) => {
            let text =
                format!("Whether the goods went out is unknown: look, then `pay journal release {id} --yes` or --no.");
            ("action_needed", Ending::Pending(text))
        }
        // A surplus that went back leaves a paid order.
        _ => ("paid", Ending::Done),
    }
}

fn why(record: &Record) -> &'static str {
    match (&record.stage, record.release) {
        (Stage::RefundDue(RefundReason::Surplus), _) => "The order was paid twice, and one is too much",
        (_, Release::NotReleased | Release::Returned) => "The goods did not go out, and their money is not ours",
        _ => "The money came when the sale was over",
    }
}
