//! What a browser says about where a request comes from.

use crate::ground::http::Request;
use crate::page::shown::Shown;
use core::net::IpAddr;

/// It is meant for this machine: another name could lead here, and a website of that name could then read the pages.
pub(crate) fn is_here(request: &Request) -> Result<(), Shown> {
    let host = request.header("host").unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_loopback = address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback || name == "localhost" {
        Ok(())
    } else {
        Err(Shown::refused(421, "The sandbox is at 127.0.0.1 and localhost only."))
    }
}

/// A form that was not sent by one of these pages is not taken: no other website presses the buttons. What is no browser says nothing
/// of either header.
pub(crate) fn is_own_form(request: &Request) -> Result<(), Shown> {
    let host = request.header("host").unwrap_or_default();
    let is_own = |origin: &str| origin.split_once("://").is_some_and(|(_, other)| other == host);
    let origin = request.header("origin").is_none_or(is_own);
    let site = request.header("sec-fetch-site").is_none_or(|site| site == "same-origin");
    if origin && site { Ok(()) } else { Err(Shown::refused(403, "This form comes from another website.")) }
}

/// A person sees what comes, as far as the browser says: another website's picture or script of this address opens no payment.
pub(crate) fn is_shown(request: &Request) -> bool {
    request.header("sec-fetch-dest").is_none_or(|purpose| purpose == "document")
}

/// A field of the form; empty where it is absent.
pub(crate) fn field(request: &Request, name: &str) -> String {
    let mut fields = form_urlencoded::parse(&request.body);
    fields.find(|(other, _)| other == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
