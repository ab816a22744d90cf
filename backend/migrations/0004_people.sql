-- 0: kept by an earlier version, which had no time.
ALTER TABLE orders ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX orders_at ON orders (at, id);
CREATE INDEX orders_owner ON orders (owner, at, id);

CREATE TABLE people (
    name TEXT NOT NULL PRIMARY KEY,
    password_hash TEXT NOT NULL,
    made BIGINT NOT NULL
);

CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    until BIGINT NOT NULL,
    seen BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
