-- Times are Unix milliseconds; NULL is "never". Columns said to be sealed hold
-- AES-256-GCM under a server key, bound to their table, column and owner.

-- +goose Up
CREATE TABLE users (
    id            TEXT    NOT NULL,
    email         TEXT    NOT NULL, -- as typed
    email_key     TEXT    NOT NULL, -- as compared
    password_hash TEXT    NOT NULL, -- argon2id, PHC string
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email_key)              -- one account an address
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    handle       TEXT    NOT NULL, -- hash of the handle
    purpose      TEXT    NOT NULL,
    user_id      TEXT,             -- NULL while nobody bears the address
    email        TEXT    NOT NULL, -- as typed
    new_hash     TEXT    NOT NULL, -- of the password an account will have; empty for none
    chosen_kind  TEXT    NOT NULL, -- the method the person turned to; empty for none
    chosen_phone TEXT    NOT NULL, -- and its phone
    next         TEXT    NOT NULL, -- local path to go to afterwards
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (handle),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- an attempt goes with its account
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_user ON attempts (user_id);
CREATE INDEX attempts_expiry ON attempts (expires_at);

CREATE TABLE attempt_proofs (
    attempt   TEXT    NOT NULL,
    place     INTEGER NOT NULL, -- in the order in which they were given
    kind      TEXT    NOT NULL,
    proved_at INTEGER NOT NULL,
    PRIMARY KEY (attempt, place),
    FOREIGN KEY (attempt) REFERENCES attempts (handle) ON DELETE CASCADE -- a proof is worth nothing elsewhere
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id         TEXT    NOT NULL,
    handle     TEXT    NOT NULL, -- hash of the handle
    user_id    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    first_at   INTEGER,          -- when the password or the address was proved in it
    second_at  INTEGER,          -- when a second factor was
    address    TEXT    NOT NULL, -- of the client
    browser    TEXT    NOT NULL, -- its own name for itself
    PRIMARY KEY (id),
    UNIQUE (handle),             -- a handle opens one session
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a session goes with its account
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_seen ON sessions (seen_at);

CREATE TABLE sent_codes (
    holder     TEXT    NOT NULL, -- an attempt's handle or a phone enrolment's id
    mac        BLOB    NOT NULL, -- keyed hash of holder and code
    sent_to    TEXT    NOT NULL, -- E.164 number or address
    sent_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    PRIMARY KEY (holder)         -- a new code cancels the old one
) STRICT, WITHOUT ROWID;

CREATE INDEX sent_codes_expiry ON sent_codes (expires_at);

CREATE TABLE totp (
    user_id      TEXT    NOT NULL,
    secret       BLOB    NOT NULL, -- sealed
    last_step    INTEGER NOT NULL, -- Unix time / 30 s; this and earlier ones are used up
    added_at     INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (user_id),         -- one app an account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a factor goes with its account
) STRICT, WITHOUT ROWID;

CREATE TABLE totp_enrolments (
    session_id  TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- of the key
    user_id     TEXT    NOT NULL,
    secret      BLOB,             -- sealed
    scanned_at  INTEGER,
    verified_at INTEGER,
    made_codes  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (session_id),     -- one set-up a session
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE, -- nobody else sees the key
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (made_codes IN (0, 1)),
    CHECK ((secret IS NULL) = (verified_at IS NOT NULL)) -- the key is here until it is proved
) STRICT, WITHOUT ROWID;

CREATE INDEX totp_enrolments_user ON totp_enrolments (user_id);
CREATE INDEX totp_enrolments_expiry ON totp_enrolments (expires_at);

CREATE TABLE phones (
    id          TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    number      TEXT    NOT NULL, -- E.164
    verified_at INTEGER NOT NULL,
    reserved_at INTEGER,          -- when it became a second factor
    default_at  INTEGER,          -- when the person put it first
    PRIMARY KEY (id),
    UNIQUE (user_id, number),     -- a number once an account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE, -- a factor goes with its account
    CHECK (default_at IS NULL OR reserved_at IS NOT NULL) -- only a second factor can be asked first
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX phones_default ON phones (user_id) WHERE default_at IS NOT NULL; -- one comes first

CREATE TABLE phone_enrolments (
    session_id TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- holder of its code
    user_id    TEXT    NOT NULL,
    number     TEXT    NOT NULL, -- E.164
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (session_id),    -- one number at a time
    UNIQUE (id),
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE, -- it goes with its session
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX phone_enrolments_user ON phone_enrolments (user_id);
CREATE INDEX phone_enrolments_expiry ON phone_enrolments (expires_at);

CREATE TABLE backup_code_sets (
    user_id      TEXT    NOT NULL,
    salt         TEXT    NOT NULL, -- PHC string without a tag
    unseen       BLOB,             -- the codes, sealed, until they were seen
    unseen_until INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id),         -- one set an account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a set goes with its account
) STRICT, WITHOUT ROWID;

CREATE TABLE backup_codes (
    user_id TEXT NOT NULL,
    hash    TEXT NOT NULL,       -- argon2id under the set's salt
    PRIMARY KEY (user_id, hash), -- the row is the right to use the code once
    FOREIGN KEY (user_id) REFERENCES backup_code_sets (user_id) ON DELETE CASCADE -- codes go with their set
) STRICT, WITHOUT ROWID;

CREATE TABLE tries (
    key      TEXT    NOT NULL, -- what is counted, for whom
    n        INTEGER NOT NULL,
    since    INTEGER,          -- when the first of them was
    ready_at INTEGER,          -- before this there is no further one
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    id         TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries      INTEGER NOT NULL, -- how often sending has failed
    sent_at    INTEGER,
    body       BLOB,             -- sealed
    PRIMARY KEY (id),
    CHECK ((body IS NULL) = (sent_at IS NOT NULL)) -- what was sent is forgotten
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_due ON messages (due_at) WHERE sent_at IS NULL;
CREATE INDEX messages_expiry ON messages (expires_at) WHERE sent_at IS NULL;
CREATE INDEX messages_sent ON messages (sent_at) WHERE sent_at IS NOT NULL;
