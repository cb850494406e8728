package db

import (
	"testing"

	"twostep/auth"
)

// An act that changes nothing reports that, so that it is neither recorded nor announced.
func TestOperator_NothingToDo(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPlain(t, "bob")
		db.apply(t, "bob", phone("bob", "p7", "+4915100000007")) // not reserved for MFA
		disable := func(disabled bool) (bool, error) { return db.ReplaceDisabled(t.Context(), "bob", disabled, set("bob")) }
		done, err := disable(false)
		wantFalse(t, done, err)
		for _, disabled := range []bool{true, false} {
			done, err = disable(disabled)
			wantTrue(t, done, err)
			done, err = disable(disabled)
			wantFalse(t, done, err)
		}
		done, err = db.ReplaceMustChange(t.Context(), "bob", set("bob"))
		wantTrue(t, done, err)
		done, err = db.ReplaceMustChange(t.Context(), "bob", set("bob"))
		wantFalse(t, done, err)
		done, err = db.RemoveFactors(t.Context(), "bob", set("bob"))
		wantFalse(t, done, err)
		page, err := db.FindPeople(t.Context(), auth.PeopleQuery{}, 2)
		if err != nil || len(page.Accounts) != 1 || page.Accounts[0].Phones != 0 {
			t.Errorf("found %+v, %v", page.Accounts, err)
		}
	})
}
