//! The database with the tables, and blocking access to it.

use core::cmp::Ordering;
use core::fmt;
use core::future::Future;
use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering as Atomic;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor, Row};
use tokio::runtime::Runtime;

use super::news::{News, Version};
use super::tokens::ACCOUNTS_IN_USE;
use super::{import, schema};

/// The name of the SQLite file.
const FILE: &str = "backend.sqlite";
/// The lock file of the backend that serves from a folder.
const LOCK: &str = "backend.lock";
/// Connections to PostgreSQL. SQLite has one writer, so one is all it needs.
const CONNECTIONS: u32 = 8;
/// Time limit of one access to the database; after it the caller answers 503.
const LIMIT: Duration = Duration::from_secs(10);

/// Where the backend stores its book.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // a choice of the merchant's
pub enum Database {
    /// SQLite, in a file in this folder: for one backend.
    Folder(PathBuf),
    /// PostgreSQL, by its URL `postgres://…`: for one or several backends. The URL may contain a password, so it is never printed.
    Postgres(String),
}

/// Who opens the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A backend: one at a time on a folder.
    Server,
    /// A command that runs beside it.
    Tool,
}

/// The tables.
pub(super) struct Sql {
    /// `None` once the value is dropped.
    runtime: Option<Runtime>,
    pool: AnyPool,
    /// PostgreSQL's URL. `None`: SQLite.
    postgres: Option<String>,
    /// `None` if others may write at any time: with PostgreSQL, and in commands beside a backend.
    news: Option<News>,
    _lock: Option<File>,
}

impl Database {
    /// Opens the tables, and creates or migrates them first. Tables of a later release are opened unchanged, if that release still allows
    /// this one.
    pub(super) fn open(&self, role: Role) -> io::Result<Sql> {
        sqlx::any::install_default_drivers();
        // A runtime of its own: the callers are threads that may block.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (url, connections, lock) = match self {
            Self::Folder(folder) => {
                fs::create_dir_all(folder)?;
                let lock = if role == Role::Server { Some(only(&folder.join(LOCK))?) } else { None };
                // Create the file here, so that the folder may have any name; with `mode=rwc` the path would have to be a URL.
                (format!("sqlite://{}?mode=rwc", escaped(&folder.join(FILE))?), 1, lock)
            }
            Self::Postgres(url) => (url.clone(), CONNECTIONS, None),
        };
        let is_postgres = matches!(self, Self::Postgres(_));
        let news = (!is_postgres && role == Role::Server).then(News::default);
        let connected = news.as_ref().map(News::counter);
        let options: AnyConnectOptions = url.parse().map_err(|_| io::Error::other("the database's URL"))?;
        let pool = AnyPoolOptions::new().max_connections(connections).acquire_timeout(LIMIT).after_connect(
            move |connection, _| {
                if let Some(connected) = &connected {
                    connected.fetch_add(1, Atomic::Relaxed);
                }
                Box::pin(async move {
                    if !is_postgres {
                        // Write to the disk before a commit returns, and let commands read meanwhile.
                        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 8000; PRAGMA foreign_keys = ON";
                        connection.execute(settings).await?;
                    }
                    Ok(())
                })
            },
        );
        let pool = runtime.block_on(pool.connect_with(options)).map_err(failed)?;
        let postgres = is_postgres.then_some(url);
        let sql = Sql { runtime: Some(runtime), pool, postgres, news, _lock: lock };
        sql.run_long(schema::migrate(&sql.pool))?;
        if !sql.run(schema::is_for_us(&sql.pool))? {
            return Err(io::Error::other(Outdated::Closed.text()));
        }
        if let Self::Folder(folder) = self {
            import::files(&sql, folder)?;
            if role == Role::Server {
                // A lock of a process that has ended.
                sql.run(sqlx::query("UPDATE duties SET leased = 0").execute(&sql.pool))?;
            }
        }
        Ok(sql)
    }
}

/// Tables of another release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outdated {
    /// Of an earlier release: they are migrated at the start.
    Older,
    /// Of a later release, whose additions do not disturb this one.
    Newer,
    /// Of a later release that this one cannot work with.
    Closed,
}

impl Outdated {
    /// What this means for the person who starts a backend.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Older => "the database is brought up to date at the start",
            Self::Newer => "the database is of a later release; this one may work on it",
            Self::Closed => "the database is of a later release, and this one may not work on it: start that release",
        }
    }
}

/// What a check found about a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// `None`: the tables are there and up to date, or can be created.
    pub(crate) outdated: Option<Outdated>,
    /// The accounts of its devices and open orders.
    pub(crate) accounts: Vec<String>,
}

impl Database {
    /// Checks whether the database can be used, and changes nothing.
    pub(crate) fn look(&self) -> io::Result<Found> {
        const NEWEST: &str = "SELECT MAX(version) FROM _sqlx_migrations";
        const SQLITE: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        const POSTGRES: &str = "SELECT COUNT(*) FROM information_schema.tables WHERE table_name = '_sqlx_migrations'";
        let tables = if matches!(self, Self::Folder(_)) { SQLITE } else { POSTGRES };
        sqlx::any::install_default_drivers();
        let url = match self {
            Self::Folder(folder) if !folder.join(FILE).exists() => {
                return can_be_made(folder).map(|()| Found::default());
            }
            Self::Folder(folder) => {
                if folder.join(LOCK).exists() {
                    only(&folder.join(LOCK))?;
                }
                format!("sqlite://{}?mode=ro", escaped(&folder.join(FILE))?)
            }
            Self::Postgres(url) => url.clone(),
        };
        let options: AnyConnectOptions = url.parse().map_err(|_| io::Error::other("its URL cannot be read"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let found = runtime.block_on(async {
            let look = async {
                let mut connection = AnyConnection::connect_with(&options).await?;
                let tables: i64 = sqlx::query(tables).fetch_one(&mut connection).await?.try_get(0)?;
                // Without this table the database has nothing of ours.
                let newest: Option<i64> = match tables {
                    0 => None,
                    _ => sqlx::query(NEWEST).fetch_one(&mut connection).await?.try_get(0)?,
                };
                let newest = newest.unwrap_or(0);
                let oldest: i64 = if newest > schema::newest() {
                    sqlx::query(schema::OLDEST).fetch_one(&mut connection).await?.try_get(0)?
                } else {
                    0
                };
                let mut accounts = Vec::new();
                if newest >= schema::ACCOUNTS {
                    for row in sqlx::query(ACCOUNTS_IN_USE).fetch_all(&mut connection).await? {
                        accounts.push(row.try_get(0)?);
                    }
                }
                connection.close().await?;
                Ok((newest, oldest, accounts))
            };
            tokio::time::timeout(LIMIT, look).await
        });
        let (newest, oldest, accounts) = found.map_err(|_| io::Error::other("it gives no answer"))?.map_err(failed)?;
        let outdated = match newest.cmp(&schema::newest()) {
            _ if oldest > schema::newest() => Some(Outdated::Closed),
            Ordering::Less => Some(Outdated::Older),
            Ordering::Equal => None,
            Ordering::Greater => Some(Outdated::Newer),
        };
        Ok(Found { outdated, accounts })
    }
}

/// Whether a file can be created in this folder, or the folder itself.
fn can_be_made(folder: &Path) -> io::Result<()> {
    let not_here = |error| io::Error::other(format!("{}: {error}", folder.display()));
    if folder.exists() {
        let probe = folder.join(format!(".check-{}", std::process::id()));
        File::create_new(&probe).and_then(|_| fs::remove_file(&probe)).map_err(not_here)
    } else {
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::metadata(parent).map(|_| ()).map_err(not_here)
    }
}

impl Sql {
    pub(super) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// PostgreSQL's URL. `None`: SQLite.
    pub(super) fn postgres(&self) -> Option<&str> {
        self.postgres.as_deref()
    }

    /// Runs a task in the background until this value is dropped.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }

    /// The version for which the memory is complete; `None`: only the database tells.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(super) fn version(&self) -> io::Result<Option<Version>> {
        self.news.as_ref().map(|news| news.version(self, &self.pool)).transpose()
    }

    /// Runs an access to the database within the time limit.
    pub(super) fn run<T>(&self, visit: impl Future<Output = Result<T, sqlx::Error>>) -> io::Result<T> {
        let Some(runtime) = &self.runtime else { return Err(io::Error::other("the database is closed")) };
        match runtime.block_on(async { tokio::time::timeout(LIMIT, visit).await }) {
            Ok(done) => done.map_err(failed),
            Err(_) => Err(io::Error::other("the database gave no answer in time")),
        }
    }

    /// The same without a limit, for work that is done once.
    pub(super) fn run_long<T, E: Into<sqlx::Error>>(&self, visit: impl Future<Output = Result<T, E>>) -> io::Result<T> {
        let Some(runtime) = &self.runtime else { return Err(io::Error::other("the database is closed")) };
        runtime.block_on(visit).map_err(|error| failed(error.into()))
    }
}

impl Drop for Sql {
    /// The last owner may be a task of another runtime, where blocking is not allowed.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let pool = self.pool.clone();
            runtime.spawn(async move { pool.close().await });
            runtime.shutdown_background();
        }
    }
}

/// Locks the file for as long as it is open.
pub(super) fn only(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.try_lock().map_err(|_| io::Error::other("another backend has this folder open"))?;
    Ok(file)
}

/// Escapes a text for a URL.
fn escaped(path: &Path) -> io::Result<String> {
    let path = path.to_str().ok_or_else(|| io::Error::other("the folder's name is not UTF-8"))?;
    Ok(path.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
}

/// The database's error, without address and password.
fn failed(error: sqlx::Error) -> io::Error {
    match error {
        sqlx::Error::Configuration(_) => io::Error::other("the database's URL cannot be used"),
        other => io::Error::other(other.to_string()),
    }
}

impl From<&PathBuf> for Database {
    fn from(folder: &PathBuf) -> Self {
        Self::Folder(folder.clone())
    }
}

impl From<&Path> for Database {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }
}

impl From<&Database> for Database {
    fn from(database: &Database) -> Self {
        database.clone()
    }
}

/// Removes what may be a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "Folder({})", folder.display()),
            Self::Postgres(_) => f.write_str("Postgres(***)"),
        }
    }
}
