-- The merchant's account that a device sells for. 'merchant': the one of --keys, which was the only one.
ALTER TABLE tokens ADD COLUMN account TEXT NOT NULL DEFAULT 'merchant';
