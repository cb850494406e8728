-- Messages go by their channel, are refused for good, and say how they fare.
-- The table is made anew, for SQLite cannot change a condition.

-- +goose Up
CREATE TABLE new_messages (
    id         TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    holder     TEXT,             -- of the code in it, whose page may say how it fares; NULL for none
    due_at     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries      INTEGER NOT NULL, -- how often sending has failed
    failed_at  INTEGER,          -- when it failed last
    sent_at    INTEGER,
    refused_at INTEGER,          -- for good
    body       BLOB,             -- sealed
    PRIMARY KEY (id),
    CHECK (sent_at IS NULL OR refused_at IS NULL),
    CHECK ((body IS NULL) = (sent_at IS NOT NULL OR refused_at IS NOT NULL)) -- what is over is forgotten
) STRICT, WITHOUT ROWID;

-- The channel of what waits now is sealed; by either it finds its courier.
INSERT INTO new_messages (id, channel, due_at, expires_at, tries, sent_at, body)
SELECT id, 'email', due_at, expires_at, tries, sent_at, body
FROM messages;

DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;

CREATE UNIQUE INDEX messages_holder ON messages (holder) WHERE holder IS NOT NULL; -- a page speaks of one
CREATE INDEX messages_due ON messages (channel, due_at) WHERE body IS NOT NULL;
CREATE INDEX messages_expiry ON messages (expires_at) WHERE body IS NOT NULL;
CREATE INDEX messages_over ON messages (COALESCE(sent_at, refused_at)) WHERE body IS NULL;
CREATE INDEX messages_refused ON messages (refused_at) WHERE refused_at IS NOT NULL;
CREATE INDEX messages_failed ON messages (channel, failed_at) WHERE holder IS NOT NULL AND body IS NOT NULL;
CREATE INDEX messages_gone ON messages (channel, sent_at) WHERE holder IS NOT NULL AND sent_at IS NOT NULL;
