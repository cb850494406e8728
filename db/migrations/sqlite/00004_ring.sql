-- Whose the data are: one value that the database's own key ring opens, and no
-- other. It is there before anything else is sealed.

-- +goose Up
CREATE TABLE ring (
    id    TEXT NOT NULL,
    proof BLOB NOT NULL, -- sealed
    PRIMARY KEY (id),
    CHECK (id = 'ring')  -- one database, one ring
) STRICT, WITHOUT ROWID;
