package handlers_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"twostep/auth"
	"twostep/auth/oidc"
)

// A writingRequest is acknowledged only after something was stored.
type writingRequest struct {
	name   string
	from   *browser // nil for a program's
	send   func(b *browser) *browser
	status int // of the response
	again  int // of the same request, with the same cookies
}

// sender returns a function that sends the request. The browser keeps the cookies that it had.
func (r writingRequest) sender() func() *browser {
	b := r.from
	if b != nil {
		b = b.clone()
	}
	return func() *browser { return r.send(b) }
}

func (r writingRequest) sent() *browser { return r.sender()() }

// A writeFixture is a site whose users are about to send one request of each kind.
type writeFixture struct {
	*programFixture
	requests []writingRequest
}

func newWriteFixture(f *programFixture) *writeFixture {
	w, exchange := &writeFixture{programFixture: f}, f.exchangeForm()
	f.admin.open("/account/passkeys/add").usePasskey(f.device, "Create a passkey")
	codes := f.admin.open("/account/manage-mfa/backup-codes").press("Generate").backupCodes()
	in := f.browser().signUp(bob)
	daves, _ := f.administrator(dave, auth.RoleAdmin)
	daves.open(f.person(bob)+"/delete").fill("Reason", "Asked").press("Request approval").wantText("Requested.")

	w.form("sign-up", f.browser().startSignUp(carol, password).fill("Code", f.lastCode(carol)), "Verify", 303, 303)
	w.form("password", f.browser().open("/sign-in").fill("Email address", ann).fill("Password", password), "Continue", 303, 303)
	w.form("TOTP code", f.secondStep(f.totpCode(f.key)), "Verify", 303, 303)
	w.form("backup code", f.secondStep(codes[0]), "Verify", 303, 303)
	w.form("sign-out", in, "Sign out", 303, 303)
	w.passkey(f.browser().open("/sign-in"), "Sign in with a passkey")
	w.form("act", f.admin.open(f.person(bob)+"/disable").fill("Reason", "Asked"), "Disable", 303, 303)
	w.form("approval", f.admin.open(f.waiting()), "Approve", 303, 303)
	w.page("export", f.admin, "/admin/audit.csv", 200)
	w.page("authorize", f.admin, oidc.AuthorizePath+"?"+f.app.params().Encode(), 303)
	other := f.browser()
	other.signIn(ann).enterCode(codes[1]).wantHeading("Account")
	to := other.check(http.MethodGet, wikiPage).Header.Get("Location")
	w.page("handover", other, strings.TrimPrefix(to, f.origin), 200)
	w.callback(other, other.open(to).continueURL())
	w.post("authorize by a form", f.browser(), oidc.AuthorizePath, f.app.params(), 303, 303)
	w.program(oidc.PushPath, f.app.params(), 201, 201)
	w.program(oidc.TokenPath, exchange, 200, 400)
	w.program(oidc.TokenPath, f.refreshForm(), 200, 200)
	w.program(oidc.RevokePath, url.Values{"token": {f.tokens.RefreshToken}}, 200, 200)
	// The last one changes nothing, as it may be stored later although that failed.
	w.form("wrong password", f.browser().open("/sign-in").fill("Email address", ann).fill("Password", "wrong "+password), "Continue", 422, 422)
	return w
}

func (f *programFixture) secondStep(code string) *browser {
	return f.browser().signIn(ann).wantHeading("Verify your account").fill("Code", code)
}

// form adds a form as it is filled in.
func (w *writeFixture) form(name string, b *browser, button string, status, again int) {
	path, form := b.form(b.button(button))
	w.post(name, b, path, form, status, again)
}

func (w *writeFixture) post(name string, b *browser, path string, form url.Values, status, again int) {
	w.requests = append(w.requests, writingRequest{name, b, func(b *browser) *browser { return b.fetchRaw(http.MethodPost, path, form) }, status, again})
}

func (w *writeFixture) passkey(b *browser, button string) {
	credential, err := w.device.Get(b.button(button).Closest("form").AttrOr("data-options", ""), w.origin)
	if err != nil {
		w.t.Fatal(err)
	}
	path, form := b.form(b.button(button))
	form.Set("credential", credential)
	w.post("passkey", b, path, form, 303, 303)
}

func (w *writeFixture) page(name string, b *browser, path string, status int) {
	w.requests = append(w.requests, writingRequest{name, b, func(b *browser) *browser { return b.fetchRaw(http.MethodGet, path, nil) }, status, status})
}

func (w *writeFixture) program(path string, form url.Values, status, again int) {
	header := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(w.app.id+":"+w.app.secret))}}
	w.requests = append(w.requests, writingRequest{path, nil, func(*browser) *browser {
		got := w.testSite.program(http.MethodPost, path, form, header)
		return &browser{t: w.t, status: got.Code, header: got.Header(), body: got.Body.String()}
	}, status, again})
}

// callback adds the end of a handover, which an app's host answers.
func (w *writeFixture) callback(b *browser, to string) {
	w.requests = append(w.requests, writingRequest{callbackRequest, nil, func(*browser) *browser {
		got := b.check(http.MethodGet, to)
		text, _ := io.ReadAll(got.Body)
		return &browser{t: w.t, status: got.StatusCode, header: got.Header, body: string(text)}
	}, 303, 303})
}

const callbackRequest = "callback"

// wantFault checks a response to a request that could not be stored: it is of the form that
// its client expects, and the cookies stay.
func (w *writeFixture) wantFault(request writingRequest, got *browser, status int) {
	w.t.Helper()
	right := got.status == status
	switch {
	case request.name == callbackRequest: // proxies know 503 only (FA-22)
		right = got.status == http.StatusServiceUnavailable && got.header.Get("Remote-User") == "" && got.header.Get("Set-Cookie") == ""
	case request.from == nil:
		right = right && strings.TrimSpace(got.body) == `{"error":"server_error"}` && got.header.Get("Cache-Control") == "no-store"
	default:
		right = right && requestID.MatchString(got.parse().text()) && got.cookie() == request.from.cookie() && got.header.Get("Content-Disposition") == ""
	}
	if !right {
		w.t.Errorf("%s: %d %v %s", request.name, got.status, got.header, got.body)
	}
}

// wantFaults sends each request while nothing can be stored.
func (w *writeFixture) wantFaults(status int) {
	w.t.Helper()
	data, counts := w.accountData(), w.counts()
	for _, request := range w.requests {
		if w.wantFault(request, request.sent(), status); w.accountData() != data || w.counts() != counts {
			w.t.Errorf("%s changed something", request.name)
		}
	}
	w.wantReads()
}

// wantReads checks what needs no more than to read.
func (w *writeFixture) wantReads() {
	w.t.Helper()
	w.admin.fetch(http.MethodGet, "/account", nil).wantHeading("Account")
	if got := w.admin.check(http.MethodGet, wikiPage); got.StatusCode != http.StatusOK {
		w.t.Errorf("check: %d", got.StatusCode)
	}
	if w.app.userInfo(w.tokens.AccessToken) == nil {
		w.t.Error("userinfo is refused")
	}
}

// wantDone sends each request twice, and returns the counts afterwards.
func (w *writeFixture) wantDone() (counts []string) {
	w.t.Helper()
	for _, request := range w.requests {
		for _, status := range []int{request.status, request.again} {
			w.clearLimits()
			if got := request.sent(); got.status != status {
				w.t.Errorf("%s: %d %v %s", request.name, got.status, got.header, got.body)
			}
		}
		counts = append(counts, w.counts())
	}
	return counts
}
