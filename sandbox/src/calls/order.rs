//! Orders: create, read, terminate; and what closes them.

use crate::books::ledger::{Books, Event};
use crate::books::order::{Order, OrderStatus};
use crate::books::terms::Sessions;
use crate::calls::call::Call;
use crate::calls::check::{Kind, Member, Others, check, member};
use crate::ground::amount::Paise;
use crate::ground::error::Refusal;
use crate::ground::json::text;
use crate::ground::time::{UnixMillis, from_iso, to_iso};
use crate::ground::version::ApiVersion::V2022_09_01;
use serde_json::{Value, json};

/// Orders live 30 days unless the request says otherwise.
const LIFE_MS: UnixMillis = 30 * 24 * 3600 * 1000;

const ORDER: &[Member] = &[
    member("order_id", Kind::Id(3, 45)),
    member("order_currency", Kind::Text(1, 10)).required(),
    member("order_amount", Kind::Any).required(),
    member("customer_details", Kind::Object).required(),
    member("terminal", Kind::Object),
    member("order_meta", Kind::Object),
    member("order_expiry_time", Kind::Time),
    member("order_note", Kind::Text(3, 200)),
    member("order_tags", Kind::Object),
    member("order_splits", Kind::Array),
];
const CUSTOMER: &[Member] = &[
    member("customer_id", Kind::Id(3, 50)).required(),
    member("customer_phone", Kind::Digits(10, 10)).required(),
    member("customer_email", Kind::Text(3, 100)),
    member("customer_name", Kind::Text(3, 100)),
    member("customer_bank_account_number", Kind::Text(3, 20)),
    member("customer_bank_ifsc", Kind::Text(1, 20)),
    member("customer_bank_code", Kind::Integer(3000, 3999)),
    member("customer_uid", Kind::Text(1, 100)),
];
const META: &[Member] = &[
    member("return_url", Kind::Text(1, 250)),
    member("notify_url", Kind::Text(1, 250)),
    member("payment_methods", Kind::Text(1, 250)),
];
const TERMINAL: &[Member] =
    &[member("terminal_type", Kind::Text(4, 10)).required(), member("terminal_id", Kind::Text(3, 100))];

impl Books {
    /// `POST /orders`
    pub(crate) fn create_order(&mut self, call: &Call<'_>) -> Result<Value, Refusal> {
        let request = call.object()?;
        let version = call.version;
        check(&request, ORDER, "", version, Others::Ignored)?;
        for (name, table) in [("customer_details", CUSTOMER), ("order_meta", META), ("terminal", TERMINAL)] {
            if let Some(Value::Object(members)) = request.get(name) {
                check(members, table, &format!("{name}."), version, Others::Ignored)?;
            }
        }
        if let Some(Value::Object(tags)) = request.get("order_tags") {
            let fits = |tag: &Value| tag.as_str().is_some_and(|tag| (1..=255).contains(&tag.chars().count()));
            if tags.len() > 10 || !tags.values().all(fits) {
                return Err(Refusal::wrong("order_tags", "must be at most 10 strings of 1 to 255 characters"));
            }
        }
        if text(&request, "order_currency") != Some("INR") {
            return Err(Refusal::wrong("order_currency", "is not valid or not enabled: this sandbox takes INR"));
        }
        let amount = request.get("order_amount").and_then(Paise::from_json).filter(|amount| *amount >= Paise(100));
        let amount = amount.ok_or_else(|| {
            Refusal::wrong("order_amount", "must be a number of rupees, 1 at least, with two decimals at most")
        })?;
        let expires = text(&request, "order_expiry_time").and_then(from_iso).unwrap_or(call.now + LIFE_MS);
        if expires <= call.now {
            return Err(Refusal::wrong("order_expiry_time", "must be in the future"));
        }
        let id = match text(&request, "order_id") {
            Some(id) => id.to_owned(),
            None => format!("order_{}", self.dice.token(32).replace(['_', '-'], "0")),
        };
        if self.orders.contains_key(&id) {
            return Err(Refusal::exists("order"));
        }
        let order = Order {
            id: id.clone(),
            cf_id: self.dice.digits(10),
            amount,
            status: OrderStatus::Active,
            created: call.now,
            expires,
            terminates: None,
            session: String::new(),
            request,
        };
        self.orders.insert(id.clone(), order);
        self.plan(expires, Event::Close(id.clone()));
        self.new_session(&id);
        self.order_entity(&id, call)
    }

    /// `GET /orders/{order_id}`
    pub(crate) fn get_order(&mut self, call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
        let sessions = call.terms.sessions;
        if self.order(id)?.status == OrderStatus::Active && sessions == Sessions::Renewed {
            self.new_session(id);
        }
        self.order_entity(id, call)
    }

    /// `PATCH /orders/{order_id}`
    pub(crate) fn terminate_order(&mut self, call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
        if call.version == V2022_09_01 {
            return Err(Refusal::bad_url());
        }
        let request = call.object()?;
        let asked = [member("order_status", Kind::Word(&["TERMINATED"])).required()];
        check(&request, &asked, "", call.version, Others::Refused)?;
        let terminates = call.now + call.terms.terminate_after_ms;
        match self.order(id)?.status {
            OrderStatus::Active => {
                if let Some(order) = self.orders.get_mut(id) {
                    order.status = OrderStatus::TerminationRequested;
                    order.terminates = Some(terminates);
                }
                self.plan(terminates, Event::Close(id.to_owned()));
            }
            OrderStatus::TerminationRequested | OrderStatus::Terminated => {}
            OrderStatus::Paid => return Err(already_paid()),
            OrderStatus::Expired => return Err(inactive()),
        }
        self.order_entity(id, call)
    }

    /// The id of an order that a session can pay now.
    pub(crate) fn payable(&self, session: &str) -> Result<&Order, Refusal> {
        let order = self.sessions.get(session).and_then(|id| self.orders.get(id)).ok_or_else(Refusal::session)?;
        match order.status {
            OrderStatus::Active => Ok(order),
            OrderStatus::Paid => Err(already_paid()),
            _ => Err(inactive()),
        }
    }

    fn order_entity(&self, id: &str, call: &Call<'_>) -> Result<Value, Refusal> {
        let version = call.version;
        let order = self.order(id)?;
        let given = |name: &str| order.request.get(name).cloned().unwrap_or(Value::Null);
        let mut customer = given("customer_details");
        if let Value::Object(members) = &mut customer {
            let since_2023: &[&str] = if version == V2022_09_01 { &[] } else { &["customer_uid"] };
            for name in ["customer_name", "customer_email"].iter().chain(since_2023) {
                members.entry(*name).or_insert(Value::Null);
            }
        }
        let mut meta = given("order_meta");
        if meta.is_null() {
            meta = json!({});
        }
        if let Value::Object(members) = &mut meta {
            for name in ["return_url", "notify_url", "payment_methods"] {
                members.entry(name).or_insert(Value::Null);
            }
        }
        let mut splits = given("order_splits");
        if splits.is_null() {
            splits = json!([]);
        }
        let mut entity = json!({
            "cf_order_id": version.id(order.cf_id),
            "order_id": order.id,
            "entity": "order",
            "order_currency": "INR",
            "order_amount": order.amount.json(),
            "order_status": order.status.as_str(),
            "payment_session_id": order.session,
            "order_expiry_time": to_iso(order.expires),
            "order_note": given("order_note"),
            "created_at": to_iso(order.created),
            "order_splits": splits,
            "customer_details": customer,
            "order_meta": meta,
            "order_tags": if call.terms.answer_tags { given("order_tags") } else { Value::Null },
        });
        if version == V2022_09_01 {
            for list in ["payments", "refunds", "settlements"] {
                entity[list] = json!({"url": format!("{}/orders/{}/{list}", self.base, order.id)});
            }
        } else {
            entity["cart_details"] = Value::Null;
            entity["terminal_data"] = match given("terminal") {
                Value::Object(terminal) => json!({
                    "terminal_type": terminal.get("terminal_type"),
                    "merchant_terminal_id": terminal.get("terminal_id"),
                }),
                _ => Value::Null,
            };
        }
        Ok(entity)
    }
}

fn already_paid() -> Refusal {
    Refusal::invalid("order_already_paid", "order is already paid")
}

fn inactive() -> Refusal {
    Refusal::invalid("order_inactive", "order is no longer active")
}
