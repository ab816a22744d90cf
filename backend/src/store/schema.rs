//! The tables and their migrations. A released migration is never changed: the database stores its checksum.
//!
//! A migration only adds. So backends of the release before continue to run beside newer ones, and may be started again. A migration that
//! they could not work with raises `compatibility.oldest`.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyPool, AssertSqlSafe, Executor, Row, SqlSafeStr};

/// Number, name, and SQL for both databases.
const MIGRATIONS: [(i64, &str, &str); 7] = [
    (1, "book", include_str!("../../migrations/0001_book.sql")),
    (2, "relay", include_str!("../../migrations/0002_relay.sql")),
    (3, "tokens", include_str!("../../migrations/0003_tokens.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
    (5, "retention", include_str!("../../migrations/0005_retention.sql")),
    (6, "compatibility", include_str!("../../migrations/0006_compatibility.sql")),
    (ACCOUNTS, "accounts", include_str!("../../migrations/0007_accounts.sql")),
];
/// The migration that brought several accounts.
pub(super) const ACCOUNTS: i64 = 7;
/// Reads the last migration that a program must know to work on these tables. The table exists since migration 6.
pub(super) const OLDEST: &str = "SELECT MAX(oldest) FROM compatibility";

/// The number of the last migration that this program knows.
pub(super) fn newest() -> i64 {
    migrations().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Migrates the tables. Backends that start at the same time wait for each other. Additions of a later release stay.
pub(super) async fn migrate(pool: &AnyPool) -> Result<(), MigrateError> {
    let mut migrator = Migrator::with_migrations(migrations());
    migrator.set_ignore_missing(true);
    migrator.run(pool).await
}

/// Whether this program may work on these tables, which are up to date or of a later release.
pub(super) async fn is_for_us(pool: &AnyPool) -> Result<bool, sqlx::Error> {
    let oldest: i64 = pool.fetch_one(OLDEST).await?.try_get(0)?;
    Ok(oldest <= newest())
}

fn migrations() -> Vec<Migration> {
    let migration = |version, name: &'static str, sql: String| {
        Migration::new(version, name.into(), MigrationType::Simple, AssertSqlSafe(sql).into_sql_str(), false)
    };
    let known = MIGRATIONS.into_iter().map(|(version, name, sql)| migration(version, name, sql.to_owned()));
    #[cfg(feature = "next-release")]
    let known = known.chain(next_release().map(|sql| migration(MIGRATIONS.len() as i64 + 1, "next", sql)));
    known.collect()
}

/// A migration of a future release, from the file that this variable names: for the test of a rolling upgrade.
#[cfg(feature = "next-release")]
fn next_release() -> Option<String> {
    std::fs::read_to_string(std::env::var_os("BACKEND_NEXT_MIGRATION")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it leaves existing tables as they are.
    fn only_adds(statement: &str) -> bool {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words.as_slice() {
            ["CREATE", "TABLE" | "INDEX", ..] => true,
            ["INSERT", "INTO", "compatibility", ..] => true,
            ["ALTER", "TABLE", _, "ADD", "COLUMN", rest @ ..] => !rest.contains(&"NOT") || rest.contains(&"DEFAULT"),
            _ => false,
        }
    }

    // Meant to notice: a migration that makes backends of the release before fail, and does not raise `compatibility.oldest`.
    #[test]
    fn a_migration_only_adds_or_says_who_may_stay() {
        for (number, name, sql) in MIGRATIONS {
            let plain: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
            let plain = plain.join("\n");
            let statements: Vec<&str> = plain.split(';').map(str::trim).filter(|sql| !sql.is_empty()).collect();
            let says = |statement: &&str| statement.starts_with("UPDATE compatibility SET oldest = ");
            let adds = statements.iter().all(|statement| only_adds(statement) || says(statement));
            assert!(adds || statements.iter().any(says), "{number} {name}");
        }
        assert!(!only_adds("ALTER TABLE orders ADD COLUMN x TEXT NOT NULL") && !only_adds("DROP TABLE orders"));
    }
}
