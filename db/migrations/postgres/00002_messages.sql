-- Messages go by their channel, are refused for good, and say how they fare.

-- +goose Up
ALTER TABLE messages
    ADD COLUMN channel    TEXT COLLATE "C" NOT NULL DEFAULT 'email', -- of what waits now it is sealed; by either it finds its courier
    ADD COLUMN holder     TEXT COLLATE "C", -- of the code in it, whose page may say how it fares; NULL for none
    ADD COLUMN failed_at  BIGINT,           -- when sending failed last
    ADD COLUMN refused_at BIGINT,           -- for good
    DROP CONSTRAINT messages_check,
    ADD CHECK (sent_at IS NULL OR refused_at IS NULL),
    ADD CHECK ((body IS NULL) = (sent_at IS NOT NULL OR refused_at IS NOT NULL)); -- what is over is forgotten

DROP INDEX messages_due;
DROP INDEX messages_expiry;
DROP INDEX messages_sent;

CREATE UNIQUE INDEX messages_holder ON messages (holder) WHERE holder IS NOT NULL; -- a page speaks of one
CREATE INDEX messages_due ON messages (channel, due_at) WHERE body IS NOT NULL;
CREATE INDEX messages_expiry ON messages (expires_at) WHERE body IS NOT NULL;
CREATE INDEX messages_over ON messages (COALESCE(sent_at, refused_at)) WHERE body IS NULL;
CREATE INDEX messages_refused ON messages (refused_at) WHERE refused_at IS NOT NULL;
CREATE INDEX messages_failed ON messages (channel, failed_at) WHERE holder IS NOT NULL AND body IS NOT NULL;
CREATE INDEX messages_gone ON messages (channel, sent_at) WHERE holder IS NOT NULL AND sent_at IS NOT NULL;
