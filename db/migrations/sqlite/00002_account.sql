-- What an account has beside its factors: its history, its addresses, the
-- browsers it is known in, and what the operator says of it.

-- +goose Up
ALTER TABLE users ADD COLUMN disabled_at INTEGER; -- by the operator
ALTER TABLE users ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0 -- the password must be changed first
    CHECK (must_change IN (0, 1));

ALTER TABLE sessions ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0; -- started_at moves on, this does not
UPDATE sessions SET created_at = started_at;

CREATE INDEX sessions_started ON sessions (started_at);

ALTER TABLE attempts ADD COLUMN session_id TEXT -- the session it raises; NULL for none
    REFERENCES sessions (id) ON DELETE CASCADE; -- there is nothing left to raise

CREATE INDEX attempts_session ON attempts (session_id);

ALTER TABLE tries ADD COLUMN owner TEXT NOT NULL DEFAULT ''; -- for whom it counts; part of the key
UPDATE tries SET owner = replace(key, rtrim(key, replace(key, '/', '')), '');

CREATE INDEX tries_owner ON tries (owner);
CREATE INDEX tries_since ON tries (since);

CREATE TABLE known_browsers (
    user_id TEXT    NOT NULL,
    marker  TEXT    NOT NULL, -- hash of the marker
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, marker),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- nobody is left to know it
) STRICT, WITHOUT ROWID;

CREATE INDEX known_browsers_seen ON known_browsers (seen_at);

CREATE TABLE activity (
    id          TEXT    NOT NULL, -- sorts as the events happened
    user_id     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,
    kind        TEXT    NOT NULL, -- of the factor that was proved; empty for none
    address     TEXT    NOT NULL, -- of the client
    browser     TEXT    NOT NULL, -- its own name for itself
    number      TEXT    NOT NULL, -- the phone it is about, E.164; empty for none
    email       TEXT    NOT NULL, -- the address it is about; empty for none
    backup_left INTEGER NOT NULL, -- backup codes left
    PRIMARY KEY (user_id, id),    -- a page of it is read in this order
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a history goes with its account
) STRICT, WITHOUT ROWID;

CREATE INDEX activity_at ON activity (at);

CREATE TABLE notice_addresses (
    user_id     TEXT    NOT NULL,
    email       TEXT    NOT NULL, -- as typed
    email_key   TEXT    NOT NULL, -- as compared
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (user_id),        -- one beside the account's own
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- an address goes with its account
) STRICT, WITHOUT ROWID;

CREATE TABLE address_enrolments (
    user_id    TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- holder of its code
    purpose    TEXT    NOT NULL, -- what the address is for
    email      TEXT    NOT NULL, -- as typed
    email_key  TEXT    NOT NULL, -- as compared
    stop_hash  TEXT    NOT NULL, -- hash of the token that stops it
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id),       -- one waits at a time
    UNIQUE (id),
    UNIQUE (stop_hash),          -- a token stops one
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (purpose IN ('sign_in', 'notices'))
) STRICT, WITHOUT ROWID;

CREATE INDEX address_enrolments_expiry ON address_enrolments (expires_at);

CREATE INDEX backup_code_sets_unseen ON backup_code_sets (unseen_until) WHERE unseen IS NOT NULL;
