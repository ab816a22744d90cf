-- Programs that know the migration of this number, or a later one, may work on these tables. A migration that only adds leaves it as it is.
CREATE TABLE compatibility (
    oldest BIGINT NOT NULL
);
INSERT INTO compatibility (oldest) VALUES (6);
