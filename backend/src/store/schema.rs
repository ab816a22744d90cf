//! The tables, and how they come to be. A migration that was delivered is never changed: the database knows its checksum.

use sqlx::AnyPool;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

/// Number, name, SQL that both databases take.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "book", include_str!("../../migrations/0001_book.sql")),
    (2, "relay", include_str!("../../migrations/0002_relay.sql")),
    (3, "tokens", include_str!("../../migrations/0003_tokens.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
    (5, "retention", include_str!("../../migrations/0005_retention.sql")),
];

/// The number of the last one.
pub(super) fn newest() -> i64 {
    MIGRATIONS.iter().map(|(number, ..)| *number).max().unwrap_or(0)
}

/// Brings the tables up to date; several backends that start at one time wait for each other.
pub(super) async fn migrate(pool: &AnyPool) -> Result<(), MigrateError> {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, AssertSqlSafe(sql).into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect()).run(pool).await
}
