//! The tables, and how they come to be. A migration that was delivered is never changed: the database knows its checksum.
//!
//! A migration only adds, so that backends of the release before go on beside those that brought it, and may be started again. One that
//! they could not work with raises `compatibility.oldest`.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyPool, AssertSqlSafe, Executor, Row, SqlSafeStr};

/// Number, name, SQL that both databases take.
const MIGRATIONS: [(i64, &str, &str); 7] = [
    (1, "book", include_str!("../../migrations/0001_book.sql")),
    (2, "relay", include_str!("../../migrations/0002_relay.sql")),
    (3, "tokens", include_str!("../../migrations/0003_tokens.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
    (5, "retention", include_str!("../../migrations/0005_retention.sql")),
    (6, "compatibility", include_str!("../../migrations/0006_compatibility.sql")),
    (ACCOUNTS, "accounts", include_str!("../../migrations/0007_accounts.sql")),
];
/// Since then a program knows of several accounts.
pub(super) const ACCOUNTS: i64 = 7;
/// The number of the oldest program that may work on these tables. They have it since migration 6.
pub(super) const OLDEST: &str = "SELECT MAX(oldest) FROM compatibility";

/// The number of the last migration that this program knows.
pub(super) fn newest() -> i64 {
    migrations().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Brings the tables up to date; several backends that start at one time wait for each other. What a later release has added stays.
pub(super) async fn migrate(pool: &AnyPool) -> Result<(), MigrateError> {
    let mut migrator = Migrator::with_migrations(migrations());
    migrator.set_ignore_missing(true);
    migrator.run(pool).await
}

/// Whether this program may work on tables that are up to date for it, or of a later release.
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

/// What a next release would add, in the file that this names: for the test of a rolling upgrade.
#[cfg(feature = "next-release")]
fn next_release() -> Option<String> {
    std::fs::read_to_string(std::env::var_os("BACKEND_NEXT_MIGRATION")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It leaves what is there as it is.
    fn only_adds(statement: &str) -> bool {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words.as_slice() {
            ["CREATE", "TABLE" | "INDEX", ..] => true,
            ["INSERT", "INTO", "compatibility", ..] => true,
            ["ALTER", "TABLE", _, "ADD", "COLUMN", rest @ ..] => !rest.contains(&"NOT") || rest.contains(&"DEFAULT"),
            _ => false,
        }
    }

    // Meant to notice: a migration after which backends of the release before fail, and which does not say so.
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
