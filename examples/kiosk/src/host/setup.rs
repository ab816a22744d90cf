//! From the command line to a [`Config`].

use std::path::Path;

use anyhow::Context;
use kiosk::{Backend, Config, ConfigError, Field, Means, Order, Sale, Server, Settings, Side, Task};
use pay_core::sale::Limits;
use zeroize::Zeroizing;

use crate::cli::{Address, Setup};
use crate::secret;

/// What a [`Config`] borrows: the files that the command line names.
pub(crate) struct Files {
    ca: Zeroizing<Vec<u8>>,
    status_ca: Zeroizing<Vec<u8>>,
    token: Zeroizing<Vec<u8>>,
    secret: Zeroizing<[u8; 32]>,
}

/// Why there is no config.
pub(crate) enum SetupError {
    /// The command line cannot be followed.
    Usage(String),
    /// A file cannot be used.
    File(anyhow::Error),
}

impl From<anyhow::Error> for SetupError {
    fn from(error: anyhow::Error) -> Self {
        Self::File(error)
    }
}

impl Setup {
    /// Reads the files. The secret is made if there is none.
    pub(crate) fn files(&self) -> Result<Files, SetupError> {
        let read = |option, path: &Option<_>| read(option, path.as_deref()).map_err(SetupError::File);
        let (ca, status_ca) = (read("--ca", &self.ca)?, read("--status-ca", &self.status_ca)?);
        let token = read("--device-token-file", &self.device_token_file)?;
        let secret = secret::open(self.secret_file.as_deref()).map_err(SetupError::File)?;
        Ok(Files { ca, status_ca, token, secret })
    }

    /// The config. `card`: there is a card, which is how to pay unless `--method` says otherwise.
    pub(crate) fn config<'a>(&'a self, files: &'a Files, card: bool) -> Result<Config<'a>, SetupError> {
        let gateway = server(&self.connect, "--connect", &self.server_name, "--server-name", &files.ca)?;
        needed(self.ca.as_ref(), "--ca")?;
        let means = self.method.map_or(if card { Means::Card } else { Means::UpiQrCode }, Means::from);
        let backend = self.backend(files, means)?;
        let backend_needed = |name: &str| needed(backend, name);
        let task = if self.probe {
            Task::Probe
        } else if self.resume {
            Task::Resume(backend_needed("--status-connect")?)
        } else {
            let order = match (&self.session, &self.order_id) {
                (Some(session), id) => Order::Existing { id: needed(id.clone(), "--order-id")?, session, backend },
                (None, id) => Order::New { backend: backend_needed("--session, or --status-connect")?, id: id.clone() },
            };
            Task::Sell(Sale { order, amount: needed(self.amount, "--amount")?, means, repeat: self.repeat })
        };
        let settings = Settings {
            gateway,
            secret: &files.secret,
            patience_s: self.patience,
            limits: Limits { open: self.max_open, total_minor: self.max_total.minor(), oldest_s: self.max_age },
            task,
        };
        Config::new(settings).map_err(|error| told(&error))
    }

    fn backend<'a>(&'a self, files: &'a Files, means: Means) -> Result<Option<Backend<'a>>, SetupError> {
        if self.status_connect.is_none() || self.probe {
            return Ok(None);
        }
        needed(self.device_token_file.as_ref(), "--device-token-file")?;
        let server = server(
            &self.status_connect,
            "--status-connect",
            &self.status_server_name,
            "--status-server-name",
            &files.status_ca,
        )?;
        let token = std::str::from_utf8(&files.token).unwrap_or_default().trim_ascii();
        Ok(Some(Backend { server, token, direct: self.direct || means == Means::Card }))
    }
}

fn server<'a>(
    address: &'a Option<Address>,
    name_of_address: &str,
    name: &'a Option<String>,
    name_of_name: &str,
    ca: &'a [u8],
) -> Result<Server<'a>, SetupError> {
    let Address { host, port } = needed(address.as_ref(), name_of_address)?;
    let name = needed(name.as_ref(), name_of_name)?;
    Ok(Server { host, port: *port, name, ca })
}

fn needed<T>(value: Option<T>, name: &str) -> Result<T, SetupError> {
    value.ok_or_else(|| SetupError::Usage(format!("missing: {name}")))
}

/// By the names of the command line.
fn told(error: &ConfigError) -> SetupError {
    let ConfigError::Value(field) = error else { return SetupError::File(anyhow::anyhow!("{error}")) };
    let (name, in_file) = match field {
        Field::Host(Side::Gateway) => ("--connect", false),
        Field::Host(Side::Backend) => ("--status-connect", false),
        Field::Name(Side::Gateway) => ("--server-name", false),
        Field::Name(Side::Backend) => ("--status-server-name", false),
        Field::Session => ("--session", false),
        Field::Ca(Side::Gateway) => ("--ca", true),
        Field::Ca(Side::Backend) => ("--status-ca", true),
        _ => ("--device-token-file", true),
    };
    let why = format!("{name}: should be {}", field.expected());
    if in_file { SetupError::File(anyhow::Error::msg(why)) } else { SetupError::Usage(why) }
}

/// What is in the file of an option; nothing without one. An error does not show the path: it may be the secret itself, given by mistake.
pub(crate) fn read(option: &str, path: Option<&Path>) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let Some(path) = path else { return Ok(Zeroizing::default()) };
    std::fs::read(path).map(Zeroizing::new).with_context(|| format!("{option}: cannot read the file"))
}
