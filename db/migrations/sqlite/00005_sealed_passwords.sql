-- Hashes of passwords are sealed. Those that stand open are sealed at the next
-- start, which needs the server's keys.

-- +goose Up
ALTER TABLE users ADD COLUMN password_sealed BLOB; -- sealed; NULL where there is no password, or password_hash stands open
ALTER TABLE attempts ADD COLUMN new_sealed BLOB;   -- sealed; NULL for none

CREATE INDEX users_open ON users (id) WHERE password_hash <> '';
-- Sealed values by their key: which keys are in use is asked at every start.
CREATE INDEX users_seal ON users (substr(password_sealed, 1, 1)) WHERE password_sealed IS NOT NULL;
CREATE INDEX totp_seal ON totp (substr(secret, 1, 1));
CREATE INDEX backup_code_sets_seal ON backup_code_sets (substr(unseen, 1, 1)) WHERE unseen IS NOT NULL;
