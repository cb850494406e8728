package db

import (
	"maps"
	"testing"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// sealAll writes one value of each sealed kind.
func (b base) sealAll(t *testing.T) {
	t.Helper()
	b.ann(t)
	b.give(t, "ann", auth.QueueMessage{Message: message("m1")})
	must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
	signingUp := attempt("", "a2")
	signingUp.NewPasswordHash = "hash of eve"
	b.give(t, "", signingUp)
	must(t, b.CheckKeyring(t.Context()))
}

// Every column of bytes is sealed but the keyed hashes of codes. A new one that
// is missing in the list would be lost when an old key is taken away.
func TestSealedColumns_Complete(t *testing.T) {
	b := open(t)
	listed := map[string]bool{"sent_codes.mac": true}
	for _, c := range sealedColumns {
		listed[c.table+"."+c.column] = true
	}
	stored := map[string]bool{}
	var name string
	must(t, b.db.Each(t.Context(), engine.Row{&name}, func() { stored[name] = true }, `
		SELECT tables.name || '.' || columns.name
		FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
		WHERE tables.type = 'table' AND columns.type = 'BLOB'`))
	if !maps.Equal(listed, stored) {
		t.Errorf("the database has %v, and listed are %v", stored, listed)
	}
}

func TestSealedBy_CountsEveryKind(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		counts, err := b.CountSealed(t.Context())
		if err != nil || !maps.Equal(counts, map[byte]int{1: len(sealedColumns)}) {
			t.Errorf("counted %v, %v", counts, err)
		}
	})
}

func TestCheckSeals_EveryKind(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		must(t, b.CheckSealed(t.Context()))
		for _, c := range sealedColumns {
			moved, err := b.seals.Seal(seal.Place{Table: "elsewhere", Column: c.column, Owner: "ann"}, []byte("secret"))
			must(t, err)
			var stood []byte
			must(t, b.db.Each(t.Context(), engine.Row{&stood}, func() {}, c.query(`SELECT %[2]s FROM %[1]s WHERE %[2]s IS NOT NULL`)))
			b.change(t, c.query(`UPDATE %[1]s SET %[2]s = $1 WHERE %[2]s IS NOT NULL`), moved)
			if err := b.CheckSealed(t.Context()); err == nil {
				t.Errorf("%s: a value sealed for another place was not noticed", c.table)
			}
			b.change(t, c.query(`UPDATE %[1]s SET %[2]s = $1 WHERE %[2]s IS NOT NULL`), stood)
		}
		must(t, b.CheckSealed(t.Context()))
		b.seals = seal.Sealer{Keys: auth.NewKeyring()}
		if err := b.CheckSealed(t.Context()); err == nil {
			t.Error("another ring opened the seals")
		}
	})
}
