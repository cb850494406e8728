package db

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// sealAll writes one value to each sealed column.
func (db testDB) sealAll(t *testing.T) {
	t.Helper()
	db.addAnn(t)
	db.apply(t, "ann", passkey("ann", "k1"), auth.QueueMessage{Message: message("m1")})
	must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
	signUp := attempt("", "a2")
	signUp.NewPasswordHash = "hash of eve"
	db.apply(t, "", signUp)
	must(t, db.AddFirstSigningKey(t.Context(), signingKeyAt("first", oidc.RS256, noon)))
	must(t, db.CheckKeyring(t.Context()))
}

// Every BLOB column is sealed except the MACs of sent codes and credential IDs. The values of a column
// that is missing in the list would be lost when an old key is removed.
func TestSealedColumns_Complete(t *testing.T) {
	db := openSQLite(t)
	listed := map[string]bool{"sent_codes.mac": true, "passkeys.credential_id": true}
	for _, c := range sealedColumns {
		listed[c.table+"."+c.column] = true
	}
	stored := map[string]bool{}
	var name string
	must(t, db.db.Each(t.Context(), engine.Row{&name}, func() { stored[name] = true }, `
		SELECT tables.name || '.' || columns.name
		FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
		WHERE tables.type = 'table' AND columns.type = 'BLOB'`))
	if !maps.Equal(listed, stored) {
		t.Errorf("database has %v, but listed are %v", stored, listed)
	}
}

// The ids of keys range from 1 to 255. A damaged value, which may have none, does not keep
// the server from starting.
func TestSealedExamples(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		var want []byte
		for _, id := range []byte{0, 1, 2, 254, 255} {
			name := auth.UserID(fmt.Sprint("user", id))
			db.apply(t, name, auth.AddUser{User: user(name), CreatedAt: noon})
			db.exec(t, `UPDATE users SET password_hash = $1 WHERE id = $2`, bytes.Repeat([]byte{id}, min(int(id), 2)), name)
			want = append(want, id)
		}
		values, err := passwordHash.examples(t.Context(), db.db.Statements)
		var got []byte
		for _, v := range values {
			got = append(got, v.sealed[0])
		}
		if err != nil || !bytes.Equal(got, want[1:]) {
			t.Errorf("%v, %v; want %v", got, err, want[1:])
		}
	})
}

func TestCountSealed_EveryColumn(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		counts, err := db.CountSealed(t.Context())
		if err != nil || !maps.Equal(counts, map[byte]int{1: len(sealedColumns)}) {
			t.Errorf("counted %v, %v", counts, err)
		}
	})
}

func TestCheckSealed_EveryColumn(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		must(t, db.CheckSealed(t.Context()))
		for _, c := range sealedColumns {
			moved, err := db.seals.Seal(seal.Place{Table: "other", Column: c.column, Owner: "ann"}, []byte("secret"))
			must(t, err)
			var original []byte
			must(t, db.db.Each(t.Context(), engine.Row{&original}, func() {}, c.query(`SELECT %[2]s FROM %[1]s WHERE %[2]s IS NOT NULL`)))
			db.exec(t, c.query(`UPDATE %[1]s SET %[2]s = $1 WHERE %[2]s IS NOT NULL`), moved)
			if err := db.CheckSealed(t.Context()); err == nil {
				t.Errorf("%s: no error for a value sealed for another place", c.table)
			}
			db.exec(t, c.query(`UPDATE %[1]s SET %[2]s = $1 WHERE %[2]s IS NOT NULL`), original)
		}
		must(t, db.CheckSealed(t.Context()))
		db.seals = seal.Sealer{Keys: auth.NewKeyring()}
		if err := db.CheckSealed(t.Context()); err == nil {
			t.Error("another keyring decrypted the values")
		}
	})
}
