package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
)

var invitationPath = regexp.MustCompile(`/invitation\?token=[\w%-]+`)

// An admin invites people, and disables, enables and deletes their accounts. Another admin
// has to approve the deletion.
type admin struct {
	*user
	approver *user
	done     []act
}

// An act is one that the site has confirmed.
type act struct {
	event  auth.EventType
	person string // email address
	reason string
}

// newAdmin signs up two admins with a second factor, while no server is killed.
func (k *killTest) newAdmin() *admin {
	kill := k.startServer("--mail=file:mail", "--sms=file:sms")
	defer kill()
	a := &admin{user: k.newUser("admin@example.org", rand.New(rand.NewPCG(0, 1))), approver: k.newUser("approver@example.org", rand.New(rand.NewPCG(0, 2)))}
	for _, u := range []*user{a.user, a.approver} {
		k.acquire()
		ended := make(chan struct{})
		go func() { // fatalf ends it
			defer close(ended)
			u.repeat(u.signUp)
			u.repeat(u.addTOTP)
		}()
		<-ended
		k.release()
		if out, err := program(k.t, k.folder, "user", "role", u.email, "admin", "--database="+k.dir.Database).CombinedOutput(); err != nil {
			k.t.Fatalf("%v: %s", err, out)
		}
	}
	return a
}

// peopleMax keeps the acts of an admin within the limit of an hour.
const peopleMax = 12

// act administers one account after the other until the test is done.
func (a *admin) act() {
	a.k.acquire()
	defer a.k.release()
	for n := 0; n < peopleMax && a.k.sleep(3*time.Second); n++ {
		a.administer(a.k.visitor(fmt.Sprintf("person-%d@example.org", n), a.rand))
	}
}

// limitWait is how long a user waits after too many attempts to sign in. Lost responses count.
const limitWait = 31 * time.Second

// must repeats an action until it completes, also after a wait.
func (u *user) must(action func()) {
	for range 3 {
		if u.repeat(action); !u.limited {
			return
		}
		u.limited = false
		time.Sleep(limitWait)
	}
	u.fatalf("rate limited: %s", u.limitedBy)
}

// visitor is a user whose account an administrator ends, so that only that is checked.
func (k *killTest) visitor(email string, random *rand.Rand) *user {
	u := &user{k: k, rand: random, email: email, sent: map[auth.FactorKind]int{}, signIns: map[auth.FactorKind]int{}, confirmed: map[auth.EventType]int{}}
	u.c = newClient(u)
	return u
}

func (a *admin) administer(person *user) {
	a.must(func() { a.invite(person) })
	link := a.sentText(&a.k.mail, person.email, invitationPath)
	if person.must(func() { person.accept(link) }); !person.account { // the attempt was lost
		return
	}
	var page string
	a.must(func() { page = a.find(person) })
	a.must(func() {
		a.change(page+"/disable", "Disable", act{auth.OperatorDisabled, person.email, person.email + " left"})
	})
	person.must(func() { person.c.open("/account").sees("Sign in") })
	a.must(func() {
		a.change(page+"/enable", "Enable", act{auth.OperatorEnabled, person.email, person.email + " returned"})
	})
	person.must(person.signIn)
	request := act{auth.OperatorDeleted, person.email, person.email + " asked for it"}
	a.must(func() { a.request(page+"/delete", request) })
	a.approver.must(func() { a.approve(page, request) })
	person.must(func() {
		if person.c.open("/account").sees("Sign in"); person.c.opensHost() {
			person.fatalf("the app opens for a deleted account")
		}
	})
}

// invite sends an invitation, unless there is one.
func (a *admin) invite(person *user) {
	if a.openAsAdmin(a.user, "/admin/invitations").reads(person.email) {
		return
	}
	button, err := a.c.page.Button("Invite")
	if err != nil {
		a.fatalf("%v: %s", err, a.c.page.Text())
	}
	path, form := a.c.page.Form(button)
	form.Set("emails", person.email)
	if a.c.send(http.MethodPost, path, form); a.c.page != nil {
		a.fatalf("%s is not invited: %s", person.email, a.c.page.Text())
	}
	a.k.seen.Store(auth.EventType("invited"), true)
}

// accept signs up by an invitation, which works once. If the response to the password was
// lost, the attempt is lost too, and the user gives up.
func (u *user) accept(link string) {
	if u.account = u.c.open("/account").heading() == "Account"; u.account {
		return
	}
	switch u.c.open(link).heading() {
	case "Sign up":
		if u.requested {
			return
		}
		u.requested = true
		u.c.fill("Password", userPassword).mustPress("Continue")
		u.c.sees("Verify your email")
	case "Verify your email":
	case "Reset your password": // the response with the session was lost
		if u.account = u.codeSent; u.account {
			u.signIn()
			return
		}
		u.fatalf("the invitation has ended: %s", u.c.page.Text())
	}
	code := u.code(&u.k.mail, u.email)
	u.codeSent = true
	u.c.fill("Code", code)
	u.c.mustPress("Verify")
	u.c.sees("Account")
	u.account = true
	if other := newClient(u); other.open(link).heading() == "Sign up" {
		u.fatalf("the invitation works twice")
	}
}

// openAsAdmin opens a page, after the password and a code if it asks for them.
func (a *admin) openAsAdmin(u *user, path string) *client {
	u.ensureSignedIn()
	if u.c.open(path).heading() == "Verification required" {
		u.signOut()
		u.signIn()
		u.c.open(path)
	}
	return u.c
}

// find returns the path of the page of an account.
func (a *admin) find(person *user) string {
	link, err := a.openAsAdmin(a.user, "/admin/people?q="+url.QueryEscape(person.email)).page.Link(person.email)
	if err != nil {
		a.fatalf("%v: %s", err, a.c.page.Text())
	}
	return link.AttrOr("href", "")
}

// change carries out an act. A repeated one finds that there is nothing to do.
func (a *admin) change(page, button string, done act) {
	a.openAsAdmin(a.user, page).fill("Reason", done.reason).mustPress(button)
	a.c.sees(done.person)
	a.done = append(a.done, done)
	a.k.seen.Store(auth.EventType("disabled"), true)
}

// request asks for approval, unless it has been asked for.
func (a *admin) request(page string, wanted act) {
	if a.openAsAdmin(a.user, page).page.Has("Withdraw") {
		return
	}
	a.c.fill("Reason", wanted.reason).mustPress("Request approval")
	if a.c.sees(wanted.person); !a.c.reads("Waiting for approval") {
		a.fatalf("not requested: %s", a.c.page.Text())
	}
}

// approve approves the request about an account, and once more, which does nothing.
func (a *admin) approve(page string, wanted act) {
	u := a.approver
	if a.openAsAdmin(u, page); u.c.status == http.StatusNotFound { // the response was lost
		a.done = append(a.done, wanted)
		return
	}
	u.c.follow("Delete account: " + wanted.person)
	again := u.c.clone()
	u.c.mustPress("Approve")
	a.done = append(a.done, wanted)
	a.k.seen.Store(auth.EventType("deleted"), true)
	again.mustPress("Approve")
	if !again.reads("approved, refused or withdrawn") {
		u.fatalf("approved twice: %s", again.page.Text())
	}
}

// check looks for each act in the audit log, once, and for its mail.
func (a *admin) check() {
	database, err := a.k.openDatabase()
	if err != nil {
		a.k.t.Fatal(err)
	}
	defer database.Close()
	for _, done := range a.done {
		var n int
		if err := database.QueryRow(`SELECT count(*) FROM audit_events WHERE type = $1 AND reason = $2`, done.event, done.reason).Scan(&n); err != nil || n != 1 {
			a.k.t.Errorf("%s of %s is recorded %d times, %v", done.event, done.person, n, err)
		}
		subject := map[auth.EventType]string{
			auth.OperatorDisabled: "Your Twostep account is disabled", auth.OperatorEnabled: "Your Twostep account is enabled", auth.OperatorDeleted: "Your Twostep account was deleted",
		}[done.event]
		got, err := a.k.mail.sentTo(done.person)
		if !slices.ContainsFunc(got, func(m courier.Message) bool { return m.Subject == subject }) {
			a.k.t.Errorf("%s was not notified of %s: %v", done.person, done.event, err)
		}
	}
}
