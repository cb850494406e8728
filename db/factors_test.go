package db

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindFactors(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		f, err := db.FindFactors(t.Context(), "nobody", noon)
		must(t, err)
		if f.TOTP != nil || f.Phones != nil || f.BackupCodes != 0 || f.CodesUnseen {
			t.Errorf("unknown user has %+v", f)
		}
		db.addAnn(t)
		f, err = db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if f.TOTP == nil || !f.TOTP.AddedAt.Equal(noon) || !f.TOTP.LastUsedAt.IsZero() || f.BackupCodes != 2 || !f.CodesUnseen {
			t.Errorf("ann has %+v", f)
		}
		if len(f.Phones) != 1 || f.Phones[0].Reserved() || f.Phones[0].Default {
			t.Errorf("ann's phones are %+v", f.Phones)
		}
		f, err = db.FindFactors(t.Context(), "ann", noon.Add(auth.BackupCodesUnseenLifetime))
		must(t, err)
		if f.CodesUnseen {
			t.Error("CodesUnseen is still true after the codes have expired")
		}
		spent, err := db.SpendUnseenCodes(t.Context(), "ann")
		wantTrue(t, spent, err)
		f, err = db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if f.CodesUnseen {
			t.Error("CodesUnseen is still true after the codes were seen")
		}
		spent, err = db.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon.Add(time.Minute)})
		wantTrue(t, spent, err)
		f, err = db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if !f.TOTP.LastUsedAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("TOTP was last used at %v", f.TOTP.LastUsedAt)
		}
	})
}

// The default phone comes first: the one the user chose, otherwise the one reserved
// first. The others follow, the reserved ones first, each group from the oldest.
func TestFindFactors_PhoneOrder(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i, id := range []auth.PhoneID{"p2", "p3", "p4"} {
			p := phone("ann", id, "+491510000001"+string(rune('0'+i)))
			p.VerifiedAt = noon.Add(-time.Duration(i) * time.Hour)
			db.apply(t, "ann", p)
		}
		wantOrder := func(want ...auth.PhoneID) {
			t.Helper()
			f, err := db.FindFactors(t.Context(), "ann", noon)
			must(t, err)
			for i, p := range f.Phones {
				if p.ID != want[i] || p.Default != (i == 0 && p.Reserved()) {
					t.Errorf("phone %d is %s, default %v; want order %v", i, p.ID, p.Default, want)
				}
			}
		}
		at := func(minutes int) auth.ChangeSet {
			return auth.ChangeSet{At: noon.Add(time.Duration(minutes) * time.Minute)}
		}
		wantOrder("p4", "p3", "p1", "p2")
		ok, err := db.ReservePhone(t.Context(), "ann", "p2", at(1))
		wantTrue(t, ok, err)
		ok, err = db.ReservePhone(t.Context(), "ann", "p3", at(2))
		wantTrue(t, ok, err)
		wantOrder("p2", "p3", "p4", "p1")
		ok, err = db.ReplaceDefaultPhone(t.Context(), "ann", "p3", at(0))
		wantTrue(t, ok, err)
		wantOrder("p3", "p2", "p4", "p1")
		ok, err = db.ReplaceDefaultPhone(t.Context(), "ann", "p4", at(0))
		wantFalse(t, ok, err) // not reserved
		ok, err = db.ReplaceDefaultPhone(t.Context(), "bob", "p2", at(0))
		wantFalse(t, ok, err) // another account's
		wantOrder("p3", "p2", "p4", "p1")
		ok, err = db.ReleasePhone(t.Context(), "ann", "p3", at(3))
		wantTrue(t, ok, err)
		wantOrder("p2", "p4", "p3", "p1")
	})
}

// RV-06: if MFA is required and the last two factors are removed by concurrent
// requests, one of them stays.
func TestRequireMFA_LastFactor(t *testing.T) {
	for name, drop := range map[string]func(*Store, context.Context, auth.UserID, auth.PhoneID, auth.ChangeSet) (bool, error){
		"removed": func(s *Store, ctx context.Context, user auth.UserID, phone auth.PhoneID, changes auth.ChangeSet) (bool, error) {
			return s.RemovePhone(ctx, user, phone, true, changes)
		},
		"released": (*Store).ReleasePhone,
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, db testDB) {
				db.addAnn(t)
				ok, err := db.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
				wantTrue(t, ok, err)
				db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
					changes := set("ann", auth.RequireMFA{})
					if i%4 < 2 { // each kind of removal from both stores
						return drop(s, ctx, "ann", "p1", changes)
					}
					return s.RemoveTOTP(ctx, "ann", changes)
				})
				f, err := db.FindFactors(t.Context(), "ann", noon)
				must(t, err)
				if f.Count() != 1 || f.BackupCodes != 2 {
					t.Errorf("%d factors and %d backup codes are left", f.Count(), f.BackupCodes)
				}
			})
		})
	}
}
