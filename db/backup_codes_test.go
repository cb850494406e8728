package db

import (
	"context"
	"slices"
	"testing"

	"twostep/auth"
)

// BC-02: each code is accepted once, even by concurrent requests.
func TestSpendBackupCode_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendBackupCode(ctx, "ann", "h1", auth.ChangeSet{At: noon})
		})
		spent, err := db.SpendBackupCode(t.Context(), "bob", "h2", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
		spent, err = db.SpendBackupCode(t.Context(), "ann", "h2", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

// BC-05: the plain codes are erased once, after the user has seen them.
func TestSpendUnseenCodes_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		got, err := db.FindUnseenCodes(t.Context(), "ann", noon)
		if err != nil || !slices.Equal(got, []string{"unseenbackupcode"}) {
			t.Errorf("unseen codes are %q, %v", got, err)
		}
		_, err = db.FindUnseenCodes(t.Context(), "ann", noon.Add(auth.BackupCodesUnseenLifetime))
		wantNotFound(t, err)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return s.SpendUnseenCodes(ctx, "ann") })
		_, err = db.FindUnseenCodes(t.Context(), "ann", noon)
		wantNotFound(t, err)
	})
}

// BC-05: a new set replaces all codes of the old one.
func TestReplaceBackupCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		set := codes("ann", "n1", "n2", "n3")
		set.Salt = "new salt"
		replaced, err := db.ReplaceBackupCodes(t.Context(), set.BackupCodeSet, auth.ChangeSet{At: noon})
		wantTrue(t, replaced, err)
		spent, err := db.SpendBackupCode(t.Context(), "ann", "h1", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
		spent, err = db.SpendBackupCode(t.Context(), "ann", "n1", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
		if salt, err := db.FindBackupSalt(t.Context(), "ann"); err != nil || salt != "new salt" {
			t.Errorf("salt is %q, %v", salt, err)
		}
	})
}

// Backup codes replace a second factor, so an account without one has none.
func TestReplaceBackupCodes_WithoutFactor(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.AddUser{User: user("ann"), CreatedAt: noon}, session("ann", "s1"))
		db.apply(t, "ann", phone("ann", "p1", "+4915100000001"))
		replaced, err := db.ReplaceBackupCodes(t.Context(), codes("ann", "h1").BackupCodeSet, auth.ChangeSet{At: noon})
		wantFalse(t, replaced, err)
		ok, err := db.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
		wantTrue(t, ok, err)
		replaced, err = db.ReplaceBackupCodes(t.Context(), codes("ann", "h1").BackupCodeSet, auth.ChangeSet{At: noon})
		wantTrue(t, replaced, err)
	})
}

// Adding another factor keeps the existing set, which the user may have on paper.
func TestApply_KeepsBackupCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", codes("ann", "x1", "x2", "x3"))
		f, err := db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if f.BackupCodes != 2 {
			t.Errorf("%d codes, want the existing 2", f.BackupCodes)
		}
		spent, err := db.SpendBackupCode(t.Context(), "ann", "x1", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
	})
}

// The codes are removed together with the last factor, not earlier.
func TestRemoveLastFactor_RemovesBackupCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		wantCodes := func(want int) {
			t.Helper()
			if n := db.count(t, `SELECT count(*) FROM backup_codes`); n != want {
				t.Errorf("%d codes, want %d", n, want)
			}
		}
		changes := auth.ChangeSet{At: noon}
		ok, err := db.ReservePhone(t.Context(), "ann", "p1", changes)
		wantTrue(t, ok, err)
		ok, err = db.RemoveTOTP(t.Context(), "ann", changes)
		wantTrue(t, ok, err)
		wantCodes(2)
		ok, err = db.ReleasePhone(t.Context(), "ann", "p1", changes)
		wantTrue(t, ok, err)
		wantCodes(0)
		ok, err = db.ReservePhone(t.Context(), "ann", "p1", set("ann", codes("ann", "h9")))
		wantTrue(t, ok, err)
		wantCodes(1)
		ok, err = db.RemovePhone(t.Context(), "ann", "p1", true, changes)
		wantTrue(t, ok, err)
		wantCodes(0)
	})
}
