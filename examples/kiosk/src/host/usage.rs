//! A command line that cannot be followed, as one sentence. It shows no value: that may be a secret in the wrong place.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What is wrong.
pub(crate) fn sentence(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let name = argument.split(['=', ' ']).next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if is_option(name) => format!("there is no option {name}"),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => "there is a word too many".into(),
        ErrorKind::MissingRequiredArgument => format!("missing: {argument}"),
        ErrorKind::TooManyValues => format!("{name}: takes no value"),
        ErrorKind::ArgumentConflict if argument.is_empty() => "there is a word too many".into(),
        ErrorKind::ArgumentConflict if context(ContextKind::PriorArg) == argument => format!("{name}: given twice"),
        ErrorKind::ArgumentConflict => format!("{name} cannot be used with {}", context(ContextKind::PriorArg)),
        _ if context(ContextKind::InvalidValue).is_empty() => format!("{name}: has no value"),
        _ => match std::error::Error::source(error) {
            Some(why) => format!("{name}: {why}"),
            None => format!("{name}: should be one of {}", context(ContextKind::ValidValue)),
        },
    }
}

fn is_option(name: &str) -> bool {
    name.starts_with("--") && name.len() < 24 && name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase())
}
