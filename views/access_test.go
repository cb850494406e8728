package views

import (
	"errors"
	"time"

	"twostep/auth"
	"twostep/auth/access"
)

// accessSamples are the page of access rules.
func accessSamples() []sample {
	as := func(role auth.Role) Page { p := signedIn("/admin/access"); p.Role = role; return p }
	rules, err := access.Parse("wiki.example.org GET /public public\nwiki.example.org * / one-factor *\nops.example.org * /a-path-that-is-long/and-goes-on/for-some-more-segments two-factor within 10m group:ops ben@example.com\nold.example.org * / deny\n")
	if err != nil {
		panic(err)
	}
	inForce := &access.InForce{Rules: rules, File: "/etc/twostep.access", Since: now.Add(-26 * time.Hour), Asked: true}
	decide := func(method, url string) access.Decision {
		req, err := access.ParseURL(url, method)
		if err != nil {
			panic(err)
		}
		return rules.Decide(req)
	}
	for range 1234 {
		rules.Count(decide("GET", "https://wiki.example.org/"))
	}
	faulty := *inForce
	faulty.Fault, faulty.FaultAt, faulty.Asked = errors.New(`/etc/twostep.access: line 3, column 70: "ben@" is neither *, group:NAME nor an email address`), now, false
	odd := AccessPage{Page: as(auth.RoleAdmin), Rules: inForce, URL: "https://ops.example.org/x%2Fy", Method: "GET"}
	odd.Result = &AccessResult{Decision: decide("GET", odd.URL)}
	other := AccessPage{Page: as(auth.RoleAdmin), Rules: inForce, URL: "http://wiki.example.org/", Method: "GET", Email: "ben@example.com"}
	other.Result = &AccessResult{Decision: decide("GET", other.URL), OtherScheme: true, Account: "ben@example.com"}
	viewed := AccessPage{Page: as(auth.RoleViewer), Rules: inForce, URL: "https://ops.example.org/a-path-that-is-long/and-goes-on/for-some-more-segments", Method: "GET"}
	viewed.Result = &AccessResult{Decision: decide("GET", viewed.URL), Account: "ben@example.com", Groups: []string{"ops", "wiki"}, Verdict: access.MayUseAfterSetup}
	allowed := AccessPage{Page: as(auth.RoleAdmin), Rules: inForce, URL: "https://wiki.example.org/", Method: "POST"}
	allowed.Result = &AccessResult{Decision: decide("POST", allowed.URL)}
	return []sample{
		{"admin_access", "Access rules", Access(AccessPage{Page: as(auth.RoleAdmin), Rules: inForce, Method: "GET"})},
		{"admin_access_off", "Access rules", Access(AccessPage{Page: as(auth.RoleAdmin)})},
		{"admin_access_fault", "Access rules", Access(AccessPage{Page: as(auth.RoleAdmin), Rules: &faulty, Method: "GET"})},
		{"admin_access_fault_viewer", "Access rules", Access(AccessPage{Page: as(auth.RoleViewer), Rules: &faulty, Method: "GET"})},
		{"admin_access_refused", "Access rules", Access(AccessPage{
			Page:  refusedWith(as(auth.RoleAdmin), auth.Problem{Reason: auth.EntryInvalid, Field: "url", Detail: `"wiki" is not a URL with https:// or http://`}),
			Rules: inForce, URL: "wiki", Method: "GET",
		})},
		{"admin_access_denied", "Access rules", Access(odd)},
		{"admin_access_other_scheme", "Access rules", Access(other)},
		{"admin_access_viewer", "Access rules", Access(viewed)},
		{"admin_access_allowed", "Access rules", Access(allowed)},
	}
}
