-- Tokens of earlier versions are those of devices that pay at the gateway themselves.
ALTER TABLE tokens ADD COLUMN is_direct BIGINT NOT NULL DEFAULT 1;

CREATE TABLE forwards (
    order_id TEXT NOT NULL REFERENCES orders (id),
    idempotency_key TEXT NOT NULL,
    method TEXT NOT NULL,
    session TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (order_id, idempotency_key)
);
