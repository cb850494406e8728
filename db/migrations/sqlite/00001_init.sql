-- Times are Unix milliseconds; NULL means never. Columns marked "encrypted" hold AES-256-GCM ciphertext under
-- a server key, authenticated with the table, the column and the row's owner.

CREATE TABLE schema_migrations (
    version     INTEGER NOT NULL,            -- number of a migration that has been applied
    name        TEXT    NOT NULL,            -- of its file
    write_check TEXT    NOT NULL DEFAULT '', -- changed to see whether the database can be written
    PRIMARY KEY (version)
) STRICT;

-- One row that only the database's own keyring decrypts. It is written before anything else is encrypted.
CREATE TABLE keyring (
    id          TEXT NOT NULL,
    check_value BLOB NOT NULL, -- encrypted
    PRIMARY KEY (id),
    CHECK (id = 'keyring')     -- at most one row
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id             TEXT    NOT NULL,
    email          TEXT    NOT NULL,            -- as typed
    email_key      TEXT    NOT NULL,            -- normalized for comparison
    password_hash  BLOB,                        -- Argon2id PHC string, encrypted; NULL without a password
    created_at     INTEGER NOT NULL,
    seen_at        INTEGER,                     -- in any session
    disabled_at    INTEGER,                     -- when an administrator disabled the account
    must_change    INTEGER NOT NULL DEFAULT 0,  -- whether the password must be changed at the next sign-in
    name           TEXT    NOT NULL DEFAULT '', -- display name; empty for none
    updated_at     INTEGER NOT NULL,            -- when the email address or the name was last changed
    passkey_handle TEXT    NOT NULL,            -- random: names the account to authenticators
    role           INTEGER NOT NULL DEFAULT 0,  -- on the administration pages, see auth.Role
    recovered_at   INTEGER,                     -- when a recovery removed the second factors; NULL once there is one again
    PRIMARY KEY (id),
    UNIQUE (email_key),                        -- one account per email address
    UNIQUE (passkey_handle),
    CHECK (role BETWEEN 0 AND 3),
    CHECK (must_change IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The first byte of a ciphertext is the key id: every start lists the key ids in use.
CREATE INDEX users_key_id ON users (substr(password_hash, 1, 1)) WHERE password_hash IS NOT NULL;


-- Lists of the administration pages.
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_role ON users (role, id) WHERE role > 0; -- also whether another admin is left
CREATE INDEX users_disabled ON users (id) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_must_change ON users (id) WHERE must_change = 1;
CREATE INDEX users_invited ON users (id) WHERE password_hash IS NULL;

CREATE TABLE account_groups (
    user_id TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (user_id, name), -- an account is in a group once
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX account_groups_name ON account_groups (name, user_id); -- search of the administration pages

CREATE TABLE invitations (
    id         TEXT    NOT NULL, -- sorts by time
    email      TEXT    NOT NULL, -- as typed
    email_key  TEXT    NOT NULL, -- normalized for comparison
    user_id    TEXT,            -- account that has no password yet; NULL if sign-up adds the account
    token_hash TEXT    NOT NULL,
    invited_by TEXT    NOT NULL, -- account, or "command"
    sent_at    INTEGER NOT NULL,
    opened_at  INTEGER,         -- when the link was first opened
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email_key),  -- one for an email address
    UNIQUE (token_hash), -- a link opens one invitation
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_user ON invitations (user_id);      -- the foreign key
CREATE INDEX invitations_expiry ON invitations (expires_at); -- sweep

CREATE TABLE sessions (
    id              TEXT    NOT NULL,
    token_hash      TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,
    created_at      INTEGER NOT NULL, -- unlike started_at, never updated
    started_at      INTEGER NOT NULL, -- when the current token was issued
    seen_at         INTEGER NOT NULL,
    password_at     INTEGER,          -- when the password or the email address was last verified
    first_kind      TEXT    NOT NULL, -- which of them
    first_syncable  INTEGER NOT NULL, -- for a passkey: whether it may be synced to other devices
    mfa_at          INTEGER,          -- when a second factor was last verified or added
    second_kind     TEXT    NOT NULL, -- which one; empty if it was not verified
    second_syncable INTEGER NOT NULL,
    ip              TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    next            TEXT    NOT NULL, -- local path to continue at when the pending task is done; empty for none
    device_id       TEXT,             -- known device that it began on; NULL for none
    PRIMARY KEY (id),
    UNIQUE (token_hash),              -- a token belongs to one session
    CHECK (first_syncable IN (0, 1) AND second_syncable IN (0, 1)),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_user ON sessions (user_id);       -- active devices, and the foreign key
CREATE INDEX sessions_seen ON sessions (seen_at);       -- sweep of idle sessions
CREATE INDEX sessions_started ON sessions (started_at); -- sweep of sessions past their lifetime

-- Codes that hand a session over to an app's host, see auth.Handover.
CREATE TABLE handovers (
    code_hash  TEXT    NOT NULL,
    session_id TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    begin_hash TEXT    NOT NULL, -- of the value in the cookie of the browser that began
    target     TEXT    NOT NULL, -- path and query to return to
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (code_hash),     -- deleting the row spends the code
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX handovers_session ON handovers (session_id); -- the foreign key
CREATE INDEX handovers_expiry ON handovers (expires_at);  -- sweep

-- Tokens of browsers for the hosts of apps. They end with their session.
CREATE TABLE host_tokens (
    token_hash TEXT    NOT NULL,
    session_id TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX host_tokens_session ON host_tokens (session_id, host); -- older tokens, and the foreign key

-- Hosts of apps that an account has used. The rules name the hosts, so there are few.
CREATE TABLE host_uses (
    user_id  TEXT    NOT NULL,
    host     TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    used_at  INTEGER NOT NULL, -- when a browser last got a token
    PRIMARY KEY (user_id, host),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    token_hash        TEXT    NOT NULL,
    purpose           TEXT    NOT NULL,
    user_id           TEXT,             -- NULL while the email address has no account
    email             TEXT    NOT NULL, -- as typed
    new_password_hash BLOB,             -- of the password the account will get, encrypted; NULL for none
    invitation        TEXT    NOT NULL DEFAULT '', -- hash of the token of the invitation that it accepts; empty for none
    chosen_factor     TEXT    NOT NULL, -- factor the user switched to; empty for none
    chosen_phone      TEXT    NOT NULL, -- phone the user switched to; empty for none
    next              TEXT    NOT NULL, -- local path to redirect to when complete
    session_id        TEXT,             -- session that re-authenticates; NULL for none
    demand_all        INTEGER NOT NULL, -- re-authentication: whether every factor of the account must be verified
    demand_since      INTEGER,          -- re-authentication: verified at this time or later; NULL for any time
    demand_level      INTEGER NOT NULL, -- re-authentication: auth.Level; 0 for any
    expires_at        INTEGER NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    CHECK (demand_all IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_user ON attempts (user_id);       -- end an account's attempts, and the foreign key
CREATE INDEX attempts_session ON attempts (session_id); -- end a session's attempts, and the foreign key
CREATE INDEX attempts_expiry ON attempts (expires_at);  -- sweep

CREATE TABLE attempt_factors (
    attempt_hash TEXT    NOT NULL,
    position     INTEGER NOT NULL, -- order of verification, from 0
    factor       TEXT    NOT NULL,
    verified_at  INTEGER NOT NULL,
    PRIMARY KEY (attempt_hash, position),
    FOREIGN KEY (attempt_hash) REFERENCES attempts (token_hash) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE sent_codes (
    holder     TEXT    NOT NULL, -- token hash of an attempt, or id of a phone or email enrolment
    mac        BLOB    NOT NULL, -- keyed hash of holder and code
    sent_to    TEXT    NOT NULL, -- E.164 number or email address
    sent_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL, -- responses to this code
    PRIMARY KEY (holder)         -- a new code replaces the old one
) STRICT, WITHOUT ROWID;

CREATE INDEX sent_codes_expiry ON sent_codes (expires_at); -- sweep

CREATE TABLE totp (
    user_id      TEXT    NOT NULL,
    secret       BLOB    NOT NULL, -- encrypted
    last_step    INTEGER NOT NULL, -- Unix time / 30 s; this step and all before it are spent
    added_at     INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (user_id),         -- one authenticator app per account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX totp_key_id ON totp (substr(secret, 1, 1)); -- see users_key_id

CREATE TABLE totp_enrolments (
    session_id  TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- of the secret
    user_id     TEXT    NOT NULL,
    secret      BLOB,             -- encrypted
    scanned_at  INTEGER,
    verified_at INTEGER,
    made_codes  INTEGER NOT NULL, -- whether it created the account's first backup codes
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (session_id),     -- one enrolment per session
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE, -- no other session may see the secret
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (made_codes IN (0, 1)),
    CHECK ((secret IS NULL) = (verified_at IS NOT NULL)) -- erased once it is verified
) STRICT, WITHOUT ROWID;

CREATE INDEX totp_enrolments_user ON totp_enrolments (user_id);      -- end an account's enrolments, and the foreign key
CREATE INDEX totp_enrolments_expiry ON totp_enrolments (expires_at); -- sweep

CREATE TABLE passkeys (
    id              TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,
    credential_id   BLOB    NOT NULL,
    public_key      BLOB    NOT NULL, -- COSE, encrypted; its owner is user_id/id
    rp_id           TEXT    NOT NULL, -- domain that it was made for
    aaguid          TEXT    NOT NULL, -- make of the authenticator, as it claims
    name            TEXT    NOT NULL, -- as typed; empty for that of its make
    transports      TEXT    NOT NULL, -- separated by spaces
    user_verified   INTEGER NOT NULL, -- whether it verified its user when it was added
    backup_eligible INTEGER NOT NULL, -- whether it may be synced
    backed_up       INTEGER NOT NULL, -- whether it was synced when it was last used
    sign_count      INTEGER NOT NULL,
    added_at        INTEGER NOT NULL,
    last_used_at    INTEGER,
    PRIMARY KEY (id),
    UNIQUE (credential_id), -- a passkey belongs to one account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (user_verified IN (0, 1) AND backup_eligible IN (0, 1) AND backed_up IN (0, 1)),
    CHECK (backup_eligible = 1 OR backed_up = 0) -- only an eligible one is synced
) STRICT, WITHOUT ROWID;

CREATE INDEX passkeys_user ON passkeys (user_id);                    -- an account's passkeys, and the foreign key
CREATE INDEX passkeys_key_id ON passkeys (substr(public_key, 1, 1)); -- see users_key_id

-- Challenges that a passkey has signed. Others are not stored.
CREATE TABLE passkey_spent (
    challenge_hash TEXT    NOT NULL,
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (challenge_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX passkey_spent_expiry ON passkey_spent (expires_at); -- sweep

CREATE TABLE phones (
    id          TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    number      TEXT    NOT NULL, -- E.164
    verified_at INTEGER NOT NULL,
    reserved_at INTEGER,          -- when it became a second factor
    default_at  INTEGER,          -- when the user made it the default
    PRIMARY KEY (id),
    UNIQUE (user_id, number),     -- an account has a number once
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (default_at IS NULL OR reserved_at IS NOT NULL) -- only a second factor can be the default
) STRICT, WITHOUT ROWID;

CREATE INDEX phones_number ON phones (number); -- search of the administration pages
CREATE UNIQUE INDEX phones_default ON phones (user_id) WHERE default_at IS NOT NULL; -- at most one default per account

-- Accounts with a second factor. Backup codes stand in for one and do not count.
CREATE VIEW mfa_accounts AS
SELECT user_id FROM totp
UNION ALL
SELECT user_id FROM passkeys
UNION ALL
SELECT user_id FROM phones WHERE reserved_at IS NOT NULL;

CREATE TABLE phone_enrolments (
    session_id TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- holder of its code
    user_id    TEXT    NOT NULL,
    number     TEXT    NOT NULL, -- E.164
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (session_id),    -- one number at a time
    UNIQUE (id),
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX phone_enrolments_user ON phone_enrolments (user_id);      -- end an account's enrolments, and the foreign key
CREATE INDEX phone_enrolments_expiry ON phone_enrolments (expires_at); -- sweep

CREATE TABLE backup_code_sets (
    user_id      TEXT    NOT NULL,
    salt         TEXT    NOT NULL, -- Argon2id PHC string without a hash
    unseen       BLOB,             -- the codes, encrypted, until the user has seen them
    unseen_until INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id),         -- one set per account
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX backup_code_sets_unseen ON backup_code_sets (unseen_until) WHERE unseen IS NOT NULL;           -- sweep
CREATE INDEX backup_code_sets_key_id ON backup_code_sets (substr(unseen, 1, 1)) WHERE unseen IS NOT NULL; -- see users_key_id

CREATE TABLE backup_codes (
    user_id TEXT NOT NULL,
    hash    TEXT NOT NULL,       -- Argon2id with the set's salt
    PRIMARY KEY (user_id, hash), -- deleting the row spends the code
    FOREIGN KEY (user_id) REFERENCES backup_code_sets (user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE rate_limits (
    key        TEXT    NOT NULL, -- scope of the limit
    account    TEXT,             -- account or attempt in the key, whose removal removes the row; NULL for none
    count      INTEGER NOT NULL,
    since      INTEGER,          -- when the first counted event was
    ready_at   INTEGER,          -- no further event is allowed before this
    expires_at INTEGER NOT NULL,
    typed      INTEGER NOT NULL DEFAULT 0, -- whether it counts failures of an email address: anybody can enter any number
    PRIMARY KEY (key),
    CHECK (typed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_limits_account ON rate_limits (account) WHERE account IS NOT NULL;
CREATE INDEX rate_limits_locked ON rate_limits (count, key, account) WHERE account IS NOT NULL AND count >= 100; -- accounts with a locked factor
CREATE INDEX rate_limits_expiry ON rate_limits (expires_at); -- sweep
CREATE INDEX rate_limits_typed ON rate_limits (expires_at) WHERE typed = 1; -- sweep of those past the maximum

CREATE TABLE messages (
    id          TEXT    NOT NULL,
    channel     TEXT    NOT NULL,
    holder      TEXT,             -- holder of the code in it, whose page shows the delivery; NULL for none
    due_at      INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    failed_at   INTEGER,          -- when sending last failed
    sent_at     INTEGER,
    rejected_at INTEGER,          -- when the provider rejected it permanently
    body        BLOB,             -- encrypted
    PRIMARY KEY (id),
    CHECK (sent_at IS NULL OR rejected_at IS NULL),
    CHECK ((body IS NULL) = (sent_at IS NOT NULL OR rejected_at IS NOT NULL)) -- the body is erased once sent or rejected
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_holder ON messages (holder) WHERE holder IS NOT NULL; -- one delivery per holder
CREATE INDEX messages_claim ON messages (channel, expires_at) WHERE body IS NOT NULL; -- claim
CREATE INDEX messages_due ON messages (channel, due_at) WHERE body IS NOT NULL;       -- messages postponed too far
CREATE INDEX messages_expiry ON messages (expires_at) WHERE body IS NOT NULL;      -- sweep of unsent messages
CREATE INDEX messages_done ON messages (COALESCE(sent_at, rejected_at)) WHERE body IS NULL; -- sweep of the others
CREATE INDEX messages_rejected ON messages (rejected_at) WHERE rejected_at IS NOT NULL;     -- metrics
-- The next two find out whether a channel is stalled: failures since the last message that was sent.
CREATE INDEX messages_failed ON messages (channel, failed_at) WHERE holder IS NOT NULL AND body IS NOT NULL;
CREATE INDEX messages_sent ON messages (channel, sent_at) WHERE holder IS NOT NULL AND sent_at IS NOT NULL;

CREATE TABLE known_devices (
    user_id       TEXT    NOT NULL,
    token_hash    TEXT    NOT NULL, -- of the device cookie
    id            TEXT    NOT NULL, -- unlike the token, never replaced
    seen_at       INTEGER NOT NULL,
    user_agent    TEXT    NOT NULL, -- at the last sign-in
    remembered_at INTEGER,          -- when the second step was completed that is skipped since; NULL for none
    PRIMARY KEY (user_id, token_hash),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX known_devices_token ON known_devices (token_hash); -- the accounts that one browser is known to
CREATE INDEX known_devices_seen ON known_devices (seen_at);     -- sweep

-- Events outlive their account, so there is no foreign key. Nothing changes a row, but what is personal
-- in it is erased with the account.
CREATE TABLE audit_events (
    id                TEXT    NOT NULL, -- sorts by time
    user_id           TEXT    NOT NULL, -- empty for the whole site
    occurred_at       INTEGER NOT NULL,
    type              TEXT    NOT NULL,
    factor            TEXT    NOT NULL, -- factor that was verified; empty for none
    ip                TEXT    NOT NULL,
    user_agent        TEXT    NOT NULL,
    phone             TEXT    NOT NULL, -- number the event concerns, E.164; empty for none
    email             TEXT    NOT NULL, -- address the event concerns; empty for none
    name              TEXT    NOT NULL, -- app, group, role or setting the event concerns; empty for none
    backup_codes_left INTEGER NOT NULL,
    stop_hash         TEXT,             -- hash of the token that stops a change of address; NULL for none
    actor             TEXT    NOT NULL, -- account of the administrator, or "command"; empty for the user
    reason            TEXT    NOT NULL, -- that the administrator gave; empty for none
    PRIMARY KEY (user_id, id)           -- the activity of an account is read in this order
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX audit_events_stop ON audit_events (stop_hash) WHERE stop_hash IS NOT NULL; -- what became of the change

CREATE INDEX audit_events_occurred ON audit_events (occurred_at); -- sweep
CREATE INDEX audit_events_id ON audit_events (id, type);          -- the audit log of the site, and counts of a day
CREATE INDEX audit_events_actor ON audit_events (actor, id) WHERE actor <> '';

-- What operators have changed in the policy that flags set.
CREATE TABLE settings (
    name       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT    NOT NULL, -- account, or "command"
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

-- Days from which accounts must have a second factor, see auth.MFAPolicy.
CREATE TABLE mfa_policies (
    group_name TEXT    NOT NULL, -- empty for everyone
    day        INTEGER NOT NULL, -- its beginning, in UTC
    PRIMARY KEY (group_name)
) STRICT, WITHOUT ROWID;

CREATE INDEX mfa_policies_day ON mfa_policies (day); -- whether there is anything to remind of

CREATE TABLE mfa_exemptions (
    user_id     TEXT    NOT NULL,
    until_day   INTEGER NOT NULL, -- its beginning, in UTC
    reason      TEXT    NOT NULL,
    exempted_by TEXT    NOT NULL, -- account, or "command"
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX mfa_exemptions_until ON mfa_exemptions (until_day, user_id); -- the list, and the sweep

CREATE TABLE mfa_reminders (
    user_id     TEXT    NOT NULL,
    day         INTEGER NOT NULL, -- that it is about
    days_before INTEGER NOT NULL,
    PRIMARY KEY (user_id, day, days_before), -- inserting the row spends the reminder
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX mfa_reminders_day ON mfa_reminders (day); -- sweep

-- Acts that one administrator has requested and another has to approve.
CREATE TABLE approvals (
    id           TEXT    NOT NULL,
    user_id      TEXT,             -- account to act on; NULL for the whole site
    action       TEXT    NOT NULL,
    target       TEXT    NOT NULL, -- factor to act on, or filters of the download; empty for the account
    requested_by TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    approved_at  INTEGER,         -- of a download, which the requester then does; NULL before
    PRIMARY KEY (id),
    UNIQUE (user_id, action, target), -- requested once
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (requested_by) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX approvals_requested ON approvals (requested_by); -- requests of an administrator, and the foreign key
CREATE UNIQUE INDEX approvals_site ON approvals (requested_by, action, target) WHERE user_id IS NULL; -- requested once
CREATE INDEX approvals_expiry ON approvals (expires_at, id);  -- list and sweep

-- Numbers of the overview, recounted every hour.
CREATE TABLE daily (
    day     INTEGER NOT NULL, -- its beginning, in UTC
    counter TEXT    NOT NULL, -- see auth.Counter
    n       INTEGER NOT NULL,
    PRIMARY KEY (day, counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice_emails (
    user_id     TEXT    NOT NULL,
    email       TEXT    NOT NULL, -- as typed
    email_key   TEXT    NOT NULL, -- normalized for comparison
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (user_id),        -- one in addition to the sign-in address
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE email_enrolments (
    user_id    TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- holder of its code
    purpose    TEXT    NOT NULL,
    email      TEXT    NOT NULL, -- as typed
    email_key  TEXT    NOT NULL, -- normalized for comparison
    stop_hash  TEXT    NOT NULL, -- hash of the token that stops it
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id),       -- one at a time
    UNIQUE (id),
    UNIQUE (stop_hash),          -- a token stops one enrolment
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (purpose IN ('sign_in', 'notices'))
) STRICT, WITHOUT ROWID;

CREATE INDEX email_enrolments_expiry ON email_enrolments (expires_at); -- sweep

-- Recoveries of accounts whose second factors are lost, see auth.Recovery.
CREATE TABLE recoveries (
    user_id      TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    requested_at INTEGER NOT NULL,
    reminded     INTEGER NOT NULL, -- whether the second messages were sent
    due_at       INTEGER NOT NULL,
    next_at      INTEGER NOT NULL, -- when the reminder or the end is due
    actor        TEXT    NOT NULL, -- account of the administrator who started it; empty for the user
    ended_at     INTEGER,
    completed    INTEGER NOT NULL, -- whether it has ended by removing the second factors
    PRIMARY KEY (user_id),         -- one at a time
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CHECK (reminded IN (0, 1) AND completed IN (0, 1)),
    CHECK (completed = 0 OR ended_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX recoveries_next ON recoveries (next_at) WHERE ended_at IS NULL;        -- what is due
CREATE INDEX recoveries_due ON recoveries (due_at, user_id) WHERE ended_at IS NULL; -- the list of pending ones
CREATE INDEX recoveries_ended ON recoveries (ended_at) WHERE ended_at IS NOT NULL;  -- sweep

-- Tokens in the messages about a recovery, which stop it.
CREATE TABLE recovery_tokens (
    token_hash TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (user_id) REFERENCES recoveries (user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX recovery_tokens_user ON recovery_tokens (user_id); -- an earlier recovery's, and the foreign key

-- OAuth clients.
CREATE TABLE apps (
    id                 TEXT    NOT NULL, -- client ID
    name               TEXT    NOT NULL,
    kind               TEXT    NOT NULL,
    alg                TEXT    NOT NULL, -- signature algorithm of its tokens
    trusted            INTEGER NOT NULL, -- whether users are not asked for consent
    require_mfa        INTEGER NOT NULL,
    require_par        INTEGER NOT NULL,
    without_pkce       INTEGER NOT NULL,
    claims_in_id_token INTEGER NOT NULL,
    backchannel_uri    TEXT    NOT NULL, -- for logout tokens; empty for none
    refresh_idle       INTEGER NOT NULL, -- milliseconds
    refresh_lifetime   INTEGER NOT NULL, -- milliseconds
    created_at         INTEGER NOT NULL,
    version            INTEGER NOT NULL, -- from 1; grows with each change of the app or its secrets
    disabled_at        INTEGER,
    PRIMARY KEY (id),
    CHECK (kind IN ('web', 'spa', 'native')),
    CHECK (kind = 'web' OR without_pkce = 0 AND trusted = 0) -- other kinds have no secret
) STRICT, WITHOUT ROWID;

CREATE INDEX apps_name ON apps (name, id); -- the list of apps

CREATE TABLE app_secrets (
    app_id     TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, hash),
    FOREIGN KEY (app_id) REFERENCES apps (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE app_uris (
    app_id TEXT NOT NULL,
    usage  TEXT NOT NULL,
    uri    TEXT NOT NULL,
    PRIMARY KEY (app_id, usage, uri),
    FOREIGN KEY (app_id) REFERENCES apps (id) ON DELETE CASCADE,
    CHECK (usage IN ('redirect', 'post_logout'))
) STRICT, WITHOUT ROWID;

-- Groups whose accounts may use an app; no row for all accounts.
CREATE TABLE app_groups (
    app_id TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (app_id, name),
    FOREIGN KEY (app_id) REFERENCES apps (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    id           TEXT    NOT NULL, -- thumbprint
    alg          TEXT    NOT NULL,
    private      BLOB,             -- PKCS #8, encrypted; erased some time after retirement
    public       TEXT    NOT NULL, -- JSON web key
    published_at INTEGER NOT NULL,
    signs_from   INTEGER NOT NULL,
    retired_at   INTEGER,          -- it signs until then
    PRIMARY KEY (id),
    CHECK (private IS NOT NULL OR retired_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX signing_keys_last ON signing_keys (alg) WHERE retired_at IS NULL; -- one follows another
CREATE INDEX signing_keys_order ON signing_keys (signs_from); -- the list of keys
CREATE INDEX signing_keys_retired ON signing_keys (retired_at) WHERE private IS NOT NULL; -- sweep
CREATE INDEX signing_keys_key_id ON signing_keys (substr(private, 1, 1)) WHERE private IS NOT NULL; -- see users_key_id

-- Authorization requests of apps, until the user has signed in and agreed.
CREATE TABLE app_requests (
    hash          TEXT    NOT NULL, -- of its ID
    app_id        TEXT    NOT NULL,
    parameters    TEXT    NOT NULL, -- JSON
    pushed        INTEGER NOT NULL, -- whether it came through /oauth/par and was not used yet
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    stepped_up_at INTEGER,          -- when the user was asked for a further factor
    done_at       INTEGER,
    PRIMARY KEY (hash),
    FOREIGN KEY (app_id) REFERENCES apps (id) ON DELETE CASCADE,
    CHECK (pushed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX app_requests_app ON app_requests (app_id);        -- foreign key
CREATE INDEX app_requests_expiry ON app_requests (expires_at); -- sweep

-- What accounts have agreed to. The empty scope says that the account has used the app.
CREATE TABLE app_consents (
    user_id   TEXT    NOT NULL,
    app_id    TEXT    NOT NULL,
    scope     TEXT    NOT NULL,
    agreed_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, app_id, scope),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (app_id) REFERENCES apps (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX app_consents_app ON app_consents (app_id); -- foreign key

CREATE TABLE app_grants (
    id         TEXT    NOT NULL,
    app_id     TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    session_id TEXT,             -- NULL once the session has ended
    scope      TEXT    NOT NULL, -- separated by spaces
    nonce      TEXT    NOT NULL, -- empty for none
    auth_time  INTEGER NOT NULL, -- when the factors that acr counts were verified
    acr        TEXT    NOT NULL,
    amr        TEXT    NOT NULL, -- separated by spaces
    offline    INTEGER NOT NULL, -- whether it outlives the session
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- of its last refresh token
    used_at    INTEGER,          -- when the app last got tokens
    ended_at   INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (app_id) REFERENCES apps (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE SET NULL,
    CHECK (offline IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX app_grants_app ON app_grants (app_id);         -- foreign key
CREATE INDEX app_grants_user ON app_grants (user_id);       -- connected apps, and the foreign key
CREATE INDEX app_grants_session ON app_grants (session_id); -- apps of a session, and the foreign key
-- Sweep of grants that have ended for good, or whose code was never used.
CREATE INDEX app_grants_ended ON app_grants (created_at)
WHERE session_id IS NULL AND (ended_at IS NOT NULL OR offline = 0) OR used_at IS NULL;
CREATE INDEX app_grants_expiry ON app_grants (expires_at) WHERE session_id IS NULL;

CREATE TABLE app_codes (
    hash         TEXT    NOT NULL,
    grant_id     TEXT    NOT NULL,
    app_id       TEXT    NOT NULL,
    redirect_uri TEXT    NOT NULL,
    challenge    TEXT    NOT NULL, -- SHA-256 of the verifier; empty for none
    expires_at   INTEGER NOT NULL,
    spent_at     INTEGER,
    PRIMARY KEY (hash),
    FOREIGN KEY (grant_id) REFERENCES app_grants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX app_codes_grant ON app_codes (grant_id); -- foreign key

CREATE TABLE app_refresh_tokens (
    hash        TEXT    NOT NULL,
    grant_id    TEXT    NOT NULL,
    app_id      TEXT    NOT NULL,
    predecessor TEXT,             -- hash of the token that it was issued for; NULL for a code
    expires_at  INTEGER NOT NULL,
    spent_at    INTEGER,          -- when it was first used
    replaced_at INTEGER,          -- when another token was issued in its place
    PRIMARY KEY (hash),
    FOREIGN KEY (grant_id) REFERENCES app_grants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX app_refresh_tokens_grant ON app_refresh_tokens (grant_id);          -- foreign key
CREATE INDEX app_refresh_tokens_predecessor ON app_refresh_tokens (predecessor); -- reuse
CREATE INDEX app_refresh_tokens_expiry ON app_refresh_tokens (expires_at);       -- sweep
