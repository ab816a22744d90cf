//! The backends' book, read from its tables and played back.

use std::collections::BTreeMap;
use std::process::Command;

use backend::book::{Book, Effect, Entry, Event, Owner};
use pay_core::model::OrderId;

/// The form of events that the backend writes today.
const FORM: &str = "2";

pub struct Order {
    /// What its events come to.
    pub entry: Entry,
    pub events: Vec<Event>,
}

/// The whole book as of now.
///
/// # Errors
/// What does not play back.
pub fn read(database: &str) -> Result<BTreeMap<String, Order>, String> {
    // One statement: what it shows is of one moment. JSON that serde writes has no tab and no line break of its own.
    let query = "SELECT o.id, o.owner, o.amount, o.n, e.n, e.form, e.body
        FROM orders o LEFT JOIN events e ON e.order_id = o.id ORDER BY o.id, e.n";
    let shown = Command::new("psql").args([database, "--no-psqlrc", "-At", "-F", "\t", "-c", query]).output();
    let shown = shown.map_err(|error| format!("psql: {error}"))?;
    if !shown.status.success() {
        return Err(String::from_utf8_lossy(&shown.stderr).into_owned());
    }
    let text = String::from_utf8(shown.stdout).map_err(|error| error.to_string())?;
    let (mut book, mut events, mut counts) = (Book::default(), BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, owner, amount, count, n, form, body] = fields[..] else { return Err(format!("a row of {line}")) };
        let order = OrderId::parse(id).map_err(|error| error.to_string())?;
        let of = |what: &str| format!("{id}: {what}: {line}");
        let known = events.entry(id.to_owned()).or_insert_with(|| {
            book.want(order.clone(), Owner::parse(owner).expect("a hash"), amount.parse().expect("an amount"));
            counts.insert(id.to_owned(), count.to_owned());
            Vec::new()
        });
        if n.is_empty() {
            continue;
        }
        if n != (known.len() + 1).to_string() || form != FORM {
            return Err(of("events are not numbered one by one"));
        }
        let event: Event = serde_json::from_str(body).map_err(|_| of("an event that cannot be read"))?;
        if !matches!(book.on(&order, &event), Some(Effect::News { .. })) {
            return Err(of("an event was kept that was no news"));
        }
        known.push(event);
    }
    for (id, events) in &events {
        if counts.get(id).is_none_or(|count| *count != events.len().to_string()) {
            return Err(format!("{id}: it should have {:?} events, and has {}", counts.get(id), events.len()));
        }
    }
    let entries = book.entries().map(|entry| (entry.order().to_string(), entry.clone()));
    Ok(entries.filter_map(|(id, entry)| events.remove(&id).map(|events| (id, Order { entry, events }))).collect())
}
