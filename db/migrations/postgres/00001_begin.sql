-- Times are Unix milliseconds; NULL is "never". Columns said to be sealed hold
-- AES-256-GCM under a server key, bound to their table, column and owner. What
-- is looked up or put in order is compared byte by byte (COLLATE "C"), as our
-- own order is, and so that no update of the system's languages breaks an index.

-- +goose Up
CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL,
    email         TEXT             NOT NULL, -- as typed
    email_key     TEXT COLLATE "C" NOT NULL, -- as compared
    password_hash TEXT             NOT NULL, -- argon2id, PHC string
    created_at    BIGINT           NOT NULL,
    disabled_at   BIGINT,                    -- by the operator
    must_change   INTEGER          NOT NULL DEFAULT 0, -- the password must be changed first
    PRIMARY KEY (id),
    UNIQUE (email_key),                      -- one account an address
    CHECK (must_change IN (0, 1))
);

CREATE TABLE sessions (
    id         TEXT COLLATE "C" NOT NULL,
    handle     TEXT COLLATE "C" NOT NULL, -- hash of the handle
    user_id    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL, -- started_at moves on, this does not
    started_at BIGINT           NOT NULL,
    seen_at    BIGINT           NOT NULL,
    first_at   BIGINT,                    -- when the password or the address was proved in it
    second_at  BIGINT,                    -- when a second factor was
    address    TEXT             NOT NULL, -- of the client
    browser    TEXT             NOT NULL, -- its own name for itself
    PRIMARY KEY (id),
    UNIQUE (handle),                      -- a handle opens one session
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a session goes with its account
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_seen ON sessions (seen_at);
CREATE INDEX sessions_started ON sessions (started_at);

CREATE TABLE attempts (
    handle       TEXT COLLATE "C" NOT NULL, -- hash of the handle
    purpose      TEXT             NOT NULL,
    user_id      TEXT COLLATE "C",          -- NULL while nobody bears the address
    email        TEXT             NOT NULL, -- as typed
    new_hash     TEXT             NOT NULL, -- of the password an account will have; empty for none
    chosen_kind  TEXT             NOT NULL, -- the method the person turned to; empty for none
    chosen_phone TEXT             NOT NULL, -- and its phone
    next         TEXT             NOT NULL, -- local path to go to afterwards
    session_id   TEXT COLLATE "C",          -- the session it raises; NULL for none
    expires_at   BIGINT           NOT NULL,
    PRIMARY KEY (handle),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE, -- an attempt goes with its account
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE -- there is nothing left to raise
);

CREATE INDEX attempts_user ON attempts (user_id);
CREATE INDEX attempts_session ON attempts (session_id);
CREATE INDEX attempts_expiry ON attempts (expires_at);

CREATE TABLE attempt_proofs (
    attempt   TEXT COLLATE "C" NOT NULL,
    place     INTEGER          NOT NULL, -- in the order in which they were given
    kind      TEXT             NOT NULL,
    proved_at BIGINT           NOT NULL,
    PRIMARY KEY (attempt, place),
    FOREIGN KEY (attempt) REFERENCES attempts (handle) ON DELETE CASCADE -- a proof is worth nothing elsewhere
);

CREATE TABLE sent_codes (
    holder     TEXT COLLATE "C" NOT NULL, -- an attempt's handle or an enrolment's id
    mac        BYTEA            NOT NULL, -- keyed hash of holder and code
    sent_to    TEXT             NOT NULL, -- E.164 number or address
    sent_at    BIGINT           NOT NULL,
    expires_at BIGINT           NOT NULL,
    tries      INTEGER          NOT NULL,
    PRIMARY KEY (holder)                  -- a new code cancels the old one
);

CREATE INDEX sent_codes_expiry ON sent_codes (expires_at);

CREATE TABLE totp (
    user_id      TEXT COLLATE "C" NOT NULL,
    secret       BYTEA            NOT NULL, -- sealed
    last_step    BIGINT           NOT NULL, -- Unix time / 30 s; this and earlier ones are used up
    added_at     BIGINT           NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (user_id),                  -- one app an account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a factor goes with its account
);

CREATE TABLE totp_enrolments (
    session_id  TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL, -- of the key
    user_id     TEXT COLLATE "C" NOT NULL,
    secret      BYTEA,                     -- sealed
    scanned_at  BIGINT,
    verified_at BIGINT,
    made_codes  INTEGER          NOT NULL,
    expires_at  BIGINT           NOT NULL,
    PRIMARY KEY (session_id),              -- one set-up a session
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE, -- nobody else sees the key
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (made_codes IN (0, 1)),
    CHECK ((secret IS NULL) = (verified_at IS NOT NULL)) -- the key is here until it is proved
);

CREATE INDEX totp_enrolments_user ON totp_enrolments (user_id);
CREATE INDEX totp_enrolments_expiry ON totp_enrolments (expires_at);

CREATE TABLE phones (
    id          TEXT COLLATE "C" NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL,
    number      TEXT COLLATE "C" NOT NULL, -- E.164
    verified_at BIGINT           NOT NULL,
    reserved_at BIGINT,                    -- when it became a second factor
    default_at  BIGINT,                    -- when the person put it first
    PRIMARY KEY (id),
    UNIQUE (user_id, number),              -- a number once an account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE, -- a factor goes with its account
    CHECK (default_at IS NULL OR reserved_at IS NOT NULL) -- only a second factor can be asked first
);

CREATE UNIQUE INDEX phones_default ON phones (user_id) WHERE default_at IS NOT NULL; -- one comes first

CREATE TABLE phone_enrolments (
    session_id TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL, -- holder of its code
    user_id    TEXT COLLATE "C" NOT NULL,
    number     TEXT             NOT NULL, -- E.164
    expires_at BIGINT           NOT NULL,
    PRIMARY KEY (session_id),             -- one number at a time
    UNIQUE (id),
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE, -- it goes with its session
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX phone_enrolments_user ON phone_enrolments (user_id);
CREATE INDEX phone_enrolments_expiry ON phone_enrolments (expires_at);

CREATE TABLE backup_code_sets (
    user_id      TEXT COLLATE "C" NOT NULL,
    salt         TEXT             NOT NULL, -- PHC string without a tag
    unseen       BYTEA,                     -- the codes, sealed, until they were seen
    unseen_until BIGINT           NOT NULL,
    made_at      BIGINT           NOT NULL,
    PRIMARY KEY (user_id),                  -- one set an account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a set goes with its account
);

CREATE INDEX backup_code_sets_unseen ON backup_code_sets (unseen_until) WHERE unseen IS NOT NULL;

CREATE TABLE backup_codes (
    user_id TEXT COLLATE "C" NOT NULL,
    hash    TEXT COLLATE "C" NOT NULL, -- argon2id under the set's salt
    PRIMARY KEY (user_id, hash),       -- the row is the right to use the code once
    FOREIGN KEY (user_id) REFERENCES backup_code_sets (user_id) ON DELETE CASCADE -- codes go with their set
);

CREATE TABLE tries (
    key      TEXT COLLATE "C" NOT NULL, -- what is counted, for whom
    owner    TEXT COLLATE "C" NOT NULL, -- for whom it counts; part of the key
    n        INTEGER          NOT NULL,
    since    BIGINT,                    -- when the first of them was
    ready_at BIGINT,                    -- before this there is no further one
    PRIMARY KEY (key)
);

CREATE INDEX tries_owner ON tries (owner);
CREATE INDEX tries_since ON tries (since);

CREATE TABLE messages (
    id         TEXT COLLATE "C" NOT NULL,
    due_at     BIGINT           NOT NULL,
    expires_at BIGINT           NOT NULL,
    tries      INTEGER          NOT NULL, -- how often sending has failed
    sent_at    BIGINT,
    body       BYTEA,                     -- sealed
    PRIMARY KEY (id),
    CHECK ((body IS NULL) = (sent_at IS NOT NULL)) -- what was sent is forgotten
);

CREATE INDEX messages_due ON messages (due_at) WHERE sent_at IS NULL;
CREATE INDEX messages_expiry ON messages (expires_at) WHERE sent_at IS NULL;
CREATE INDEX messages_sent ON messages (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE known_browsers (
    user_id TEXT COLLATE "C" NOT NULL,
    marker  TEXT COLLATE "C" NOT NULL, -- hash of the marker
    seen_at BIGINT           NOT NULL,
    PRIMARY KEY (user_id, marker),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- nobody is left to know it
);

CREATE INDEX known_browsers_seen ON known_browsers (seen_at);

CREATE TABLE activity (
    id          TEXT COLLATE "C" NOT NULL, -- sorts as the events happened
    user_id     TEXT COLLATE "C" NOT NULL,
    at          BIGINT           NOT NULL,
    what        TEXT             NOT NULL,
    kind        TEXT             NOT NULL, -- of the factor that was proved; empty for none
    address     TEXT             NOT NULL, -- of the client
    browser     TEXT             NOT NULL, -- its own name for itself
    number      TEXT             NOT NULL, -- the phone it is about, E.164; empty for none
    email       TEXT             NOT NULL, -- the address it is about; empty for none
    backup_left INTEGER          NOT NULL, -- backup codes left
    PRIMARY KEY (user_id, id),             -- a page of it is read in this order
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- a history goes with its account
);

CREATE INDEX activity_at ON activity (at);

CREATE TABLE notice_addresses (
    user_id     TEXT COLLATE "C" NOT NULL,
    email       TEXT             NOT NULL, -- as typed
    email_key   TEXT COLLATE "C" NOT NULL, -- as compared
    verified_at BIGINT           NOT NULL,
    PRIMARY KEY (user_id),                 -- one beside the account's own
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE -- an address goes with its account
);

CREATE TABLE address_enrolments (
    user_id    TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL, -- holder of its code
    purpose    TEXT             NOT NULL, -- what the address is for
    email      TEXT             NOT NULL, -- as typed
    email_key  TEXT COLLATE "C" NOT NULL, -- as compared
    stop_hash  TEXT COLLATE "C" NOT NULL, -- hash of the token that stops it
    expires_at BIGINT           NOT NULL,
    PRIMARY KEY (user_id),                -- one waits at a time
    UNIQUE (id),
    UNIQUE (stop_hash),                   -- a token stops one
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (purpose IN ('sign_in', 'notices'))
);

CREATE INDEX address_enrolments_expiry ON address_enrolments (expires_at);
