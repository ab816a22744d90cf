//! A request and a response, apart from any connection.

use crate::ground::wire::WireFault;
use core::fmt;

/// A request as the rules see it.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST` or `PATCH`.
    pub method: String,
    /// The path without query, for example `/pg/orders`.
    pub path: String,
    /// What stands behind `?`, or nothing.
    pub query: String,
    /// Header names and values in order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without query, headers and body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this JSON body and its `content-type`.
    #[must_use]
    pub fn with_json(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with_header("content-type", "application/json")
    }

    /// The first value of this header that is not empty.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        found.find(|(_, value)| !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// Without headers and body, which may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

/// The answer to a [`Request`].
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// It must not arrive whole: for whoever carries it.
    pub fault: Option<WireFault>,
}

impl Response {
    /// An answer of which nothing arrives, or not all.
    pub(crate) fn lost(fault: WireFault) -> Self {
        Self { status: 500, headers: Vec::new(), body: Vec::new(), fault: Some(fault) }
    }

    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// The value of this header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Without headers and body, which may hold a session id.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}
