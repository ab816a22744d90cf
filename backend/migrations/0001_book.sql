-- What each table is for: docs/backend.md. Times are milliseconds since 1970; truth values are 0 and 1.

CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    amount BIGINT NOT NULL,
    n BIGINT NOT NULL,
    is_open BIGINT NOT NULL,
    people BIGINT NOT NULL
);
CREATE INDEX orders_open ON orders (owner, id) WHERE is_open = 1;
CREATE INDEX orders_people ON orders (id) WHERE people = 1;

CREATE TABLE events (
    order_id TEXT NOT NULL REFERENCES orders (id),
    n BIGINT NOT NULL,
    form BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (order_id, n)
);

CREATE TABLE duties (
    order_id TEXT NOT NULL PRIMARY KEY REFERENCES orders (id),
    due BIGINT NOT NULL,
    leased BIGINT NOT NULL
);
CREATE INDEX duties_due ON duties (due);

CREATE TABLE tokens (
    owner TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE devices (
    owner TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL
);

CREATE TABLE imports (
    name TEXT NOT NULL PRIMARY KEY
);
