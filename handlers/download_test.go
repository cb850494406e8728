package handlers_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// A download has all rows of the filter in force, also those that a search of the page does
// not reach; formulas in it are text (OP-11). It is an event of the audit log.
func TestDownload(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	for _, email := range []string{"=1+1@example.org", "-2@example.org", bob} {
		site.invite(email)
	}
	site.exec(`
		INSERT INTO users (id, email, email_key, created_at, updated_at, passkey_handle)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
		SELECT 'u' || i, 'user' || (100000 + i) || '@example.org', 'user' || (100000 + i) || '@example.org', 0, 0, 'h' || i FROM n`)
	site.exec(`
		INSERT INTO phones (user_id, id, number, verified_at, reserved_at)
		SELECT id, id, '+4915' || substr(id, 2), 0, 1 FROM users WHERE id IN ('u1', 'u12000', 'u25000')`)

	b.open("/admin/people?factors=sms&order=newest").follow("Download CSV")
	if b.header.Get("Content-Type") != "text/csv; charset=utf-8" || b.header.Get("Content-Disposition") != `attachment; filename="people-2027-03-01.csv"` ||
		b.header.Get("Cache-Control") != "no-store" || b.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", b.header)
	}
	rows := readCSV(t, b.body)
	if got := column(rows, "email"); len(got) != 3 || !strings.Contains(strings.Join(got, " "), "user112000@") {
		t.Errorf("accounts with SMS only: %v", got)
	}
	if rows := readCSV(t, b.fetchRaw("GET", "/admin/people.csv", nil).body); len(rows) != 25_000+4+1 {
		t.Errorf("%d lines", len(rows))
	} else if emails := column(rows, "email"); !slices.Contains(emails, "'=1+1@example.org") || !slices.Contains(emails, "'-2@example.org") || !slices.Contains(emails, bob) {
		t.Errorf("email addresses: %v", emails[:5])
	}
	before := site.queryInt(`SELECT count(*) FROM audit_events`)
	if head := b.fetchRaw("HEAD", "/admin/people.csv", nil); head.status != 200 || head.body != "" || site.queryInt(`SELECT count(*) FROM audit_events`) != before {
		t.Errorf("HEAD: %d, %q", head.status, head.body)
	}

	b.open("/admin/people?q=bob@example.org").follow("Download CSV").open("/admin/audit").wantText("Downloaded: people, factors: sms").wantText("Downloaded: people, search: by text").wantText("By " + ann)
	if strings.Contains(b.text(), "search: bob") {
		t.Error("the audit log keeps the email address that was searched for")
	}
	site.wait(time.Second)
	b.open("/admin/audit?event=operator_exported").follow("Download CSV")
	if rows := readCSV(t, b.body); len(rows) != 1+4 || column(rows, "description")[0] != "Downloaded: audit log, event: operator_exported" || column(rows, "by_email")[0] != ann {
		t.Errorf("audit log: %q", rows)
	}
	b.open("/admin/audit?event=operator_exported").follow("Download NDJSON")
	if b.header.Get("Content-Type") != "application/x-ndjson" || b.header.Get("Content-Disposition") != `attachment; filename="audit-2027-03-01.ndjson"` {
		t.Errorf("headers: %v", b.header)
	}
	lines := strings.Split(strings.TrimSuffix(b.body, "\n"), "\n")
	var last map[string]string
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != 5 || last["event"] != "operator_exported" || !strings.HasPrefix(last["time"], "2027-03-01T09:00:") {
		t.Errorf("%d lines, the last one %v, %v", len(lines), last, err)
	}
}

// What a viewer downloads is masked as the pages are (OP-09). An old second factor leads to
// re-authentication and back to the page.
func TestDownload_Viewer(t *testing.T) {
	site := newSite(t)
	b, key := site.administrator(ann, auth.RoleViewer)
	site.browser().signUp(bob)
	if _, err := site.rules.Operate(t.Context(), auth.Operator{Reason: "asked " + bob}, auth.SignOutEverywhere, site.accountID(bob)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/admin/people.csv", "/admin/audit.csv", "/admin/audit.ndjson"} {
		if body := b.fetchRaw("GET", path, nil).body; !strings.Contains(body, "b•••@example.org") || strings.Contains(body, bob) {
			t.Errorf("%s:\n%s", path, body)
		}
	}
	if rows := readCSV(t, b.fetchRaw("GET", "/admin/people.csv?q=bo", nil).body); len(rows) != 1 {
		t.Errorf("a viewer finds accounts by the start of an address: %v", rows)
	}
	site.wait(11 * time.Minute)
	b.open("/admin/people?order=newest").follow("Download CSV").wantHeading("Verification required")
	b.reauthenticate(key).wantHeading("People").follow("Download CSV")
	if rows := readCSV(t, b.body); len(rows) != 3 {
		t.Errorf("after re-authentication: %v", rows)
	}
}

// Another site that an administrator visits can open these URLs without leaving its own page.
// It must not record downloads in their name, use up their acts or an approved download.
func TestDownload_FromAnotherSite(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	for path, page := range map[string]string{"/admin/people.csv": "/admin/people", "/admin/audit.csv": "/admin/audit", "/admin/audit.ndjson": "/admin/audit"} {
		for from, want := range map[string]int{"cross-site": http.StatusSeeOther, "same-site": http.StatusSeeOther, "same-origin": http.StatusOK, "none": http.StatusOK} {
			b.headers["Sec-Fetch-Site"] = from
			r := b.fetchRaw(http.MethodGet, path+"?x=1", nil)
			if to := r.header.Get("Location"); r.status != want || want == http.StatusSeeOther && to != page+"?x=1" {
				t.Errorf("%s, %s: %d to %q", path, from, r.status, to)
			}
		}
	}
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = $1`, auth.OperatorExported); n != 6 {
		t.Errorf("%d downloads recorded, want 6", n)
	}
}

func readCSV(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !strings.HasSuffix(text, "\r\n") {
		t.Fatalf("%v:\n%.1000s", err, text)
	}
	return rows
}

// column returns the cells below a name.
func column(rows [][]string, name string) (cells []string) {
	i := slices.Index(rows[0], name)
	for _, row := range rows[1:] {
		cells = append(cells, row[i])
	}
	return cells
}

// A longStore has as many accounts as a test wants to download.
type longStore struct {
	*db.Store
	pages  int
	onPage func(page int) error // called before each page
	page   int
}

func (s *longStore) FindPeople(_ context.Context, _ auth.PeopleQuery, limit int) (page auth.PeoplePage, err error) {
	s.page++
	for i := range limit {
		email := fmt.Sprintf("user%d-%d@example.org", s.page, i)
		page.Accounts = append(page.Accounts, auth.Account{User: auth.User{ID: auth.UserID(email), Email: auth.Email{Typed: email, Key: email}}})
	}
	if s.page < s.pages {
		page.Next = page.Accounts[limit-1].ID
	}
	return page, s.onPage(s.page)
}

// download starts a download from a real server and returns the connection.
func (b *browser) download(server *httptest.Server, protocol string) net.Conn {
	b.t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	request := "GET /admin/people.csv " + protocol + "\r\nHost: id.example.org\r\nConnection: close\r\nCookie: "
	for _, cookie := range b.jar.Cookies(b.url) {
		request += cookie.Name + "=" + cookie.Value + "; "
	}
	if _, err := io.WriteString(conn, request+"\r\n\r\n"); err != nil {
		b.t.Fatal(err)
	}
	return conn
}

// A download of any length needs little memory (OP-11). One that cannot continue, after a fault
// or when the role has ended (OP-05), is visibly cut off, even for proxies that use HTTP/1.0.
// A client that stops reading blocks no other.
func TestDownload_Long(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	store := &longStore{}
	site.wrap = func(real *db.Store) auth.Store { store.Store = real; return store }
	site.restart()
	server := httptest.NewUnstartedServer(site.handler)
	server.Config.WriteTimeout = 50 * time.Millisecond // less than a download takes: it is not for the whole of it
	server.Start()
	defer server.Close()
	reset := func(pages int, onPage func(int) error) { store.pages, store.page, store.onPage = pages, 0, onPage }

	var heap uint64
	reset(200, func(page int) error {
		if page%20 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap = max(heap, m.HeapAlloc)
		}
		return nil
	})
	runtime.GC()
	lines, err := b.readAll(server, "HTTP/1.1")
	if err != nil || lines != 200*auth.ExportPage+1 || heap > 64<<20 {
		t.Errorf("%d lines, %d MiB, %v", lines, heap>>20, err)
	}

	for _, protocol := range []string{"HTTP/1.0", "HTTP/1.1"} {
		fault := errors.New("database is away")
		for name, onPage := range map[string]func(int) error{
			"fault": func(page int) error { return map[bool]error{true: fault}[page == 5] },
			"role": func(page int) error {
				if page == 5 {
					site.exec(`UPDATE users SET role = 1`)
				}
				return nil
			},
		} {
			reset(200, onPage)
			if lines, err := b.readAll(server, protocol); err == nil || lines < auth.ExportPage || store.page != 5 {
				t.Errorf("%s, %s: %d lines, %d pages, %v", protocol, name, lines, store.page, err)
			}
			site.exec(`UPDATE users SET role = 3`)
		}
	}
	if !strings.Contains(site.log.String(), "database is away") {
		t.Error("the fault is not logged")
	}

	reset(1000, func(int) error { return nil })
	slow := b.download(server, "HTTP/1.1")
	bufio.NewReader(slow).ReadString('\n')
	site.browser().signUp(bob)
	slow.Close()
	reset(1, func(page int) error { return fault(page) })
	if status := b.fetchRaw("GET", "/admin/people.csv", nil); status.status != 500 || status.header.Get("Content-Disposition") != "" || !strings.HasPrefix(status.header.Get("Content-Type"), "text/html") {
		t.Errorf("a fault before the first row: %d, %v", status.status, status.header)
	}
}

func fault(int) error { return errInjected }

// readAll downloads all accounts and counts the lines that arrive.
func (b *browser) readAll(server *httptest.Server, protocol string) (lines int, err error) {
	b.t.Helper()
	conn := b.download(server, protocol)
	defer conn.Close()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != 200 {
		b.t.Fatal(response, err)
	}
	body := bufio.NewReader(response.Body)
	for err == nil {
		if _, err = body.ReadString('\n'); err == nil {
			lines++
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return lines, err
}
