package db

import (
	"os"
	"path/filepath"
	"testing"

	"twostep/auth"
)

func (b base) inspect(t *testing.T, keys auth.Keyring) (Inspection, error) {
	t.Helper()
	if b.kind == "postgres" {
		return InspectPostgres(t.Context(), b.path, keys)
	}
	return InspectSQLite(t.Context(), b.path, keys)
}

func TestInspect(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		c, err := b.inspect(t, b.keys)
		if err != nil || c.Accounts != 1 || c.Version != c.Newest || c.Newest < 1 || !c.LastSeen.Equal(noon) || c.LastStep != 100 || c.KeyringErr != nil {
			t.Errorf("found %+v, %v", c, err)
		}
		if c, err := b.inspect(t, auth.NewKeyring()); err != nil || c.KeyringErr == nil {
			t.Errorf("with other keys %+v, %v", c, err)
		}
		b.change(t, `DROP TABLE messages`)
		b.change(t, `DROP TABLE schema_migrations`)
		if c, err := b.inspect(t, b.keys); err == nil {
			t.Errorf("of another program %+v", c)
		}
	})
}

// A column that an older version does not have is not looked at.
func TestInspect_OlderVersion(t *testing.T) {
	oneByOne(t, func(t *testing.T, b base) {
		b.sealAll(t)
		withMigration(t, `SELECT 1`)
		b.change(t, `DROP INDEX users_key_id`)
		b.change(t, `ALTER TABLE users DROP COLUMN password_hash`)
		if c, err := b.inspect(t, b.keys); err != nil || c.Version >= c.Newest || c.KeyringErr != nil {
			t.Errorf("of an older version %+v, %v", c, err)
		}
		if c, err := b.inspect(t, auth.NewKeyring()); err != nil || c.KeyringErr == nil {
			t.Errorf("of an older version, with other keys %+v, %v", c, err)
		}
	})
}

func TestInspectSQLite_ChangesNothing(t *testing.T) {
	_, file := backedUp(t)
	before, err := os.ReadFile(file)
	must(t, err)
	if _, err := InspectSQLite(t.Context(), file, auth.NewKeyring()); err != nil {
		t.Error(err)
	}
	wantAlone(t, filepath.Dir(file), filepath.Base(file))
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
	if _, err := InspectSQLite(t.Context(), file+"2", auth.NewKeyring()); err == nil {
		t.Error("a missing file was found")
	}
	wantAlone(t, filepath.Dir(file), filepath.Base(file))
}
