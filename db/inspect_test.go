package db

import (
	"os"
	"path/filepath"
	"testing"

	"twostep/auth"
)

func (db testDB) inspect(t *testing.T, keys auth.Keyring) (Inspection, error) {
	t.Helper()
	if db.kind == "postgres" {
		return InspectPostgres(t.Context(), db.path, keys)
	}
	return InspectSQLite(t.Context(), db.path, keys)
}

func TestInspect(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		c, err := db.inspect(t, db.keys)
		if err != nil || c.Accounts != 1 || c.Version != c.Newest || c.Newest < 1 || !c.LastSeen.Equal(noon) || c.LastStep != 100 || c.Passkeys["example.org"] != 1 || c.KeyringErr != nil {
			t.Errorf("found %+v, %v", c, err)
		}
		if c, err := db.inspect(t, auth.NewKeyring()); err != nil || c.KeyringErr == nil {
			t.Errorf("with other keys: found %+v, %v", c, err)
		}
		db.exec(t, `DROP TABLE messages`)
		db.exec(t, `DROP TABLE schema_migrations`)
		if c, err := db.inspect(t, db.keys); err == nil {
			t.Errorf("database of another program: found %+v", c)
		}
	})
}

// A column that an older version does not have is ignored.
func TestInspect_OlderVersion(t *testing.T) {
	eachStoreSerially(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		withMigration(t, `SELECT 1`)
		db.exec(t, `DROP INDEX users_key_id`)
		db.exec(t, `DROP INDEX users_invited`)
		db.exec(t, `ALTER TABLE users DROP COLUMN password_hash`)
		if c, err := db.inspect(t, db.keys); err != nil || c.Version >= c.Newest || c.KeyringErr != nil {
			t.Errorf("found %+v, %v", c, err)
		}
		if c, err := db.inspect(t, auth.NewKeyring()); err != nil || c.KeyringErr == nil {
			t.Errorf("with other keys: found %+v, %v", c, err)
		}
	})
}

func TestInspectSQLite_ReadOnly(t *testing.T) {
	_, file := newBackup(t)
	before, err := os.ReadFile(file)
	must(t, err)
	if _, err := InspectSQLite(t.Context(), file, auth.NewKeyring()); err != nil {
		t.Error(err)
	}
	wantOnlyFiles(t, filepath.Dir(file), filepath.Base(file))
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("file was changed, error %v", err)
	}
	if _, err := InspectSQLite(t.Context(), file+"2", auth.NewKeyring()); err == nil {
		t.Error("no error for a missing file")
	}
	wantOnlyFiles(t, filepath.Dir(file), filepath.Base(file))
}
