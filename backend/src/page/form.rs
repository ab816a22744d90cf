//! A browser's request.

use core::time::Duration;
use std::collections::BTreeMap;

use http_body_util::{BodyExt, Limited};
use hyper::{HeaderMap, header};

use crate::door::Request;

use super::answer::Shown;
use super::setup::Rules;

/// The longest form, in bytes.
const BODY_MAX: usize = 8 * 1024;
const BODY: Duration = Duration::from_secs(10);
/// The longest reason, in characters.
const WHY_MAX: usize = 300;

/// The request's page.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    headers: HeaderMap,
}

impl Asked {
    pub(super) async fn read(request: Request) -> Result<Self, Shown> {
        let (head, body) = request.into_parts();
        let body = tokio::time::timeout(BODY, Limited::new(body, BODY_MAX).collect()).await;
        let Ok(Ok(body)) = body else { return Err(Shown::refused(413, "The form is too large.")) };
        let fields = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect();
        Ok(Self {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: fields(head.uri.query().unwrap_or_default().as_bytes()),
            form: fields(&body.to_bytes()),
            headers: head.headers,
        })
    }

    /// Checks that a form comes from this page, and that the request is for its host.
    pub(super) fn check(&self, rules: &Rules) -> Result<(), Shown> {
        let elsewhere = || Shown::refused(421, "This page is not at this address.");
        let host = self.header(header::HOST.as_str()).ok_or_else(elsewhere)?;
        if rules.host.as_deref().is_some_and(|own| own != host) {
            return Err(elsewhere());
        }
        if self.method != "POST" {
            return Ok(());
        }
        let site = self.header("sec-fetch-site").is_none_or(|site| site == "same-origin");
        let origin = match (self.header(header::ORIGIN.as_str()), &rules.origin) {
            (Some(origin), Some(own)) => origin == own,
            (Some(origin), None) => origin.split_once("://").is_some_and(|(_, other)| other == host),
            (None, _) => true,
        };
        if site && origin { Ok(()) } else { Err(Shown::refused(403, "This form comes from another page.")) }
    }

    /// The value of a header, if it occurs exactly once.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        value.to_str().ok()
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(other, value)| (other == name).then_some(value))
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A field of the form; empty if it is absent.
    pub(super) fn field(&self, name: &str) -> &str {
        self.form.get(name).map_or("", String::as_str)
    }

    /// The reason that a person has written.
    pub(super) fn why(&self) -> Result<String, Shown> {
        let why: String = self.field("why").split_whitespace().collect::<Vec<_>>().join(" ");
        let is_plain = !why.is_empty() && why.chars().count() <= WHY_MAX && !why.chars().any(char::is_control);
        if is_plain { Ok(why) } else { Err(Shown::refused(400, "Say why, in 1 to 300 characters.")) }
    }
}
