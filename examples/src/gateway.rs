//! How the examples reach the gateway.

use std::{env, error::Error, fs};

use pay_core::model::Environment;
use pay_core::{Auth, Endpoint};
use transport_std::{Config, HttpsTransport, Roots};

/// A connection with the merchant's keys, from the environment: `CASHFREE_CLIENT_ID` and `CASHFREE_CLIENT_SECRET`, and, for the
/// sandbox of this repository, `GATEWAY` (its URL) and `GATEWAY_CA` (a file with its root certificate, PEM). Without these two it
/// goes to the gateway's own sandbox.
///
/// # Errors
/// A variable is missing, the file cannot be read, or a value is not of its form.
pub fn gateway() -> Result<HttpsTransport, Box<dyn Error>> {
    let keys = Auth::merchant(&variable("CASHFREE_CLIENT_ID")?, &variable("CASHFREE_CLIENT_SECRET")?)?;
    if env::var_os("GATEWAY").is_none() {
        return Ok(HttpsTransport::new(Endpoint::gateway(Environment::Sandbox, keys), Config::new())?);
    }
    let (url, ca) = (variable("GATEWAY")?, variable("GATEWAY_CA")?);
    let pem = fs::read(&ca).map_err(|error| format!("GATEWAY_CA: {ca}: {error}"))?;
    Ok(HttpsTransport::new(Endpoint::parse(&url, keys)?, Config::new().with_roots(Roots::from_pem(&pem)?))?)
}

/// Empty, too, where the sandbox had not written its keys yet.
fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("{name} is empty or not set: docs/getting-started-desktop.md, step 2").into())
}
