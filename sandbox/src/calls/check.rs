//! Checks the members of a request against a table, as the official description of the API lists them.

use crate::ground::error::Refusal;
use crate::ground::json::Object;
use crate::ground::time::from_iso;
use crate::ground::version::ApiVersion;
use serde_json::Value;

/// What a member may hold.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A string of so many characters.
    Text(usize, usize),
    /// A string of so many decimal digits.
    Digits(usize, usize),
    /// A string of so many letters, digits, `_` and `-`.
    Id(usize, usize),
    /// One of these strings.
    Word(&'static [&'static str]),
    /// One of these strings, in any case.
    AnyCase(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A JSON number without fraction and exponent, in this range.
    Integer(u64, u64),
    /// An ISO 8601 time with offset.
    Time,
    /// An object; its members are checked elsewhere.
    Object,
    /// An array of objects; they are not checked.
    Array,
    /// Any value.
    Any,
}

/// One member of a request and the versions that have it.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    kind: Kind,
    required: bool,
    since: ApiVersion,
    until: ApiVersion,
}

/// An optional member of every version.
pub(crate) const fn member(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: false, since: ApiVersion::FIRST, until: ApiVersion::LAST }
}

impl Member {
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) const fn since(self, since: ApiVersion) -> Self {
        Self { since, ..self }
    }

    pub(crate) const fn until(self, until: ApiVersion) -> Self {
        Self { until, ..self }
    }
}

/// Whether members outside the table are refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    Refused,
    Ignored,
}

/// Checks `object` against `members`; `prefix` (`customer_details.` or nothing) stands before names in errors.
/// null counts as absent, an empty string as missing where the member is required.
pub(crate) fn check(
    object: &Object,
    members: &[Member],
    prefix: &str,
    version: ApiVersion,
    others: Others,
) -> Result<(), Refusal> {
    for member in members {
        let name = format!("{prefix}{}", member.name);
        match object.get(member.name) {
            None | Some(Value::Null) if member.required => return Err(Refusal::missing(&name)),
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() && member.required => {
                return Err(Refusal::missing(&name));
            }
            Some(_) if version < member.since || version > member.until => {
                let rule = format!("is not a member of version {}", version.as_str());
                return Err(Refusal::wrong(&name, &rule));
            }
            Some(value) => member.kind.check(value).map_err(|rule| Refusal::wrong(&name, &rule))?,
        }
    }
    let unknown = |name: &&String| !members.iter().any(|member| member.name == *name);
    match object.keys().find(unknown) {
        Some(name) if others == Others::Refused => {
            let name: String = name.chars().take(40).collect();
            Err(Refusal::wrong(&format!("{prefix}{name}"), "is not a member of this request"))
        }
        _ => Ok(()),
    }
}

impl Kind {
    fn check(self, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        match self {
            Self::Text(least, most) => sized(text, least, most, "characters", |_| true),
            Self::Digits(least, most) => sized(text, least, most, "digits", |c| c.is_ascii_digit()),
            Self::Id(least, most) => sized(text, least, most, "letters, digits, _ and -", |c| {
                c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
            }),
            Self::Word(words) if text.is_some_and(|text| words.contains(&text)) => Ok(()),
            Self::AnyCase(words)
                if text.is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text))) =>
            {
                Ok(())
            }
            Self::Word(words) | Self::AnyCase(words) => Err(format!("must be one of {}", words.join(", "))),
            Self::Flag => must(value.is_boolean(), "must be true or false"),
            Self::Integer(least, most) => must(
                value.as_u64().is_some_and(|number| (least..=most).contains(&number)),
                &format!("must be a whole number from {least} to {most}"),
            ),
            Self::Time => must(text.and_then(from_iso).is_some(), "must be an ISO 8601 time with offset"),
            Self::Object => must(value.is_object(), "must be an object"),
            Self::Array => must(
                value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
                "must be an array of objects",
            ),
            Self::Any => Ok(()),
        }
    }
}

fn sized(text: Option<&str>, least: usize, most: usize, what: &str, allowed: fn(char) -> bool) -> Result<(), String> {
    let fits = text.is_some_and(|text| (least..=most).contains(&text.chars().count()) && text.chars().all(allowed));
    must(
        fits,
        &if least == most {
            format!("must be a string of {least} {what}")
        } else {
            format!("must be a string of {least} to {most} {what}")
        },
    )
}

fn must(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(rule.to_owned()) }
}
