-- When its last event was kept. 0: by an earlier version.
ALTER TABLE orders ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;

-- Orders that were forgotten: nobody gets an order of such an id again.
CREATE TABLE forgotten (
    id TEXT NOT NULL PRIMARY KEY
);
