//! A merchant's server that hears of payments: it checks who signed each webhook, keeps it, and only then says 200. What a webhook
//! says is a hint to ask the gateway how the order stands, never a reason to hand out goods.
//!
//! `axum_webhook ADDRESS FILE`: listens on the address, and appends each event to the file, one a line.
use std::{env, error::Error, fs::File, io::Write, sync::Arc, time::SystemTime};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use pay_core::model::UnixSeconds;
use pay_core::wire::webhook::{Key, Keys};
use tokio::{net::TcpListener, sync::Mutex, task::spawn_blocking};

struct Shop {
    keys: Keys,
    events: Mutex<File>,
}

async fn webhook(State(shop): State<Arc<Shop>>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let mut body = body.to_vec();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let signed = match shop.keys.verify(headers, &mut body, UnixSeconds(now)) {
        Ok(signed) => signed,
        Err(error) => return (StatusCode::UNAUTHORIZED, error.to_string()),
    };
    // Signed by the gateway, so it is kept, whatever it is: a repeat, an old one, an event that is not known here.
    let event = match signed.event() {
        Ok(event) => format!("ask about {:?}: {:?}\n", event.order_id(), event.kind),
        Err(error) => format!("unreadable: {error}\n"),
    };
    let file = shop.events.lock().await.try_clone();
    match spawn_blocking(move || file.and_then(|mut file| file.write_all(event.as_bytes()).and(file.sync_all()))).await
    {
        Ok(Ok(())) => (StatusCode::OK, String::new()),
        // Not kept: the gateway sends it again.
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the event could not be kept".into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut argument = || arguments.next().ok_or("use: axum_webhook ADDRESS FILE");
    let listener = TcpListener::bind(argument()?).await?;
    let events = Mutex::new(File::options().create(true).append(true).open(argument()?)?);
    let keys = Keys::new(Key::parse(&env::var("CASHFREE_CLIENT_SECRET")?)?);
    println!("http://{}/webhook", listener.local_addr()?);
    let shop = Router::new().route("/webhook", post(webhook)).with_state(Arc::new(Shop { keys, events }));
    Ok(axum::serve(listener, shop).await?)
}
