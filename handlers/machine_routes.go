package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/views"
)

// A machineRoute is an endpoint for programs. It reads and sets no cookie, so no form
// token protects it, and it responds with JSON, also to errors; with pages where browsers
// use it too, see isForProgram.
type machineRoute struct {
	method string
	path   string
	cors   bool // whether scripts of all other sites may use it, without credentials (OI-45)
	handle func(*machineRequest) error
}

// machineRoutes lists every endpoint for programs.
var machineRoutes = []machineRoute{
	{http.MethodGet, oidc.DiscoveryPath, true, discovery},
	{http.MethodGet, oidc.ServerDiscoveryPath, true, discovery},
	{http.MethodGet, oidc.KeySetPath, true, serveKeySet},
	{http.MethodGet, "/.well-known/passkey-endpoints", true, passkeyEndpoints},
	{http.MethodPost, oidc.AuthorizePath, false, postAuthorize}, // GET is a page, see routes
	{http.MethodPost, oidc.PushPath, false, push},
	{http.MethodPost, oidc.TokenPath, true, token},
	{http.MethodGet, oidc.UserInfoPath, true, userInfo},
	{http.MethodPost, oidc.UserInfoPath, true, userInfo},
	{http.MethodPost, oidc.RevokePath, true, revoke},
	{http.MethodPost, oidc.IntrospectPath, false, introspect},
	{http.MethodPost, oidc.LogoutPath, false, postLogout}, // GET is a page, see routes
}

// A machineRequest is the context of a request to a machineRoute.
type machineRequest struct {
	echo.Context
	site *site
	apps *oidc.Provider
	log  *requestLog
}

// add registers the route, and the preflight request of browsers if other sites may use
// it.
func (row machineRoute) add(e *echo.Echo, s *site) {
	handle := func(c echo.Context) error {
		row.allowOrigins(c)
		return row.handle(&machineRequest{Context: c, site: s, apps: s.Apps, log: logOf(c)})
	}
	e.Add(row.method, row.path, handle)
	if row.method == http.MethodGet {
		e.HEAD(row.path, handle)
	}
}

// allowOrigins lets scripts of every origin read the response. They send no cookie, so
// they get what any program gets.
func (row machineRoute) allowOrigins(c echo.Context) {
	if row.cors {
		header := c.Response().Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		header.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
	}
}

// addPreflights registers the requests by which browsers ask whether a script may send a
// request of its own kind.
func addPreflights(e *echo.Echo) {
	methods := map[string][]string{}
	for _, row := range machineRoutes {
		if row.cors {
			methods[row.path] = append(methods[row.path], row.method)
		}
	}
	for path, allowed := range methods {
		e.OPTIONS(path, func(c echo.Context) error {
			machineRoute{cors: true}.allowOrigins(c)
			header := c.Response().Header()
			header["Access-Control-Allow-Methods"] = slices.Clone(allowed)
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			header.Set("Access-Control-Max-Age", "86400")
			return c.NoContent(http.StatusNoContent)
		})
	}
}

// isForProgram reports whether a request is to a machineRoute. onPage says that browsers
// make it too, because there is a page at the same path.
func isForProgram(r *http.Request) (machine, onPage bool) {
	machine = slices.ContainsFunc(machineRoutes, func(row machineRoute) bool { return row.path == r.URL.Path })
	onPage = slices.ContainsFunc(routes, func(row route) bool { return row.path == r.URL.Path && row.page != nil })
	return machine && (!onPage || r.Method == http.MethodPost), onPage
}

// serveMachineError writes the response to a request that no machineRoute has responded
// to. The code says no more than the status does.
func serveMachineError(c echo.Context, status int) {
	code := "invalid_request"
	if status >= http.StatusInternalServerError {
		code = "server_error"
	}
	_ = c.JSON(status, map[string]string{"error": code}) // fails only if the client is gone
}

// client describes the client to the rules.
func (r *machineRequest) client() auth.Client {
	ip, _ := netip.ParseAddr(r.log.ip)
	return auth.Client{IP: ip.Unmap(), UserAgent: r.Request().UserAgent()}
}

// refused records why the request was refused, in words for the app's author.
func (r *machineRequest) refused(reason, explanation string) {
	r.log.reason, r.log.explanation = reason, explanation
}

// showPage writes a page that needs no cookie.
func (r *machineRequest) showPage(status int, page templ.Component) error {
	var text bytes.Buffer
	if err := page.Render(r.Request().Context(), &text); err != nil {
		return err
	}
	return r.HTMLBlob(status, text.Bytes())
}

// plainPage is the frame of a page without forms, for a visitor of whom nothing is known.
func (s *site) plainPage(c echo.Context) views.Page {
	return views.Page{Product: s.Name, URL: c.Request().URL.Path, Now: s.rules.Now(), Branding: s.branding()}
}

// respond writes JSON.
func (r *machineRequest) respond(status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return r.Blob(status, "application/json", text)
}

// respondPublic writes JSON that is the same for everybody and rarely changes.
func (r *machineRequest) respondPublic(body any) error {
	r.Response().Header().Set("Cache-Control", "public, max-age=300")
	return r.respond(http.StatusOK, body)
}

func discovery(r *machineRequest) error { return r.respondPublic(r.apps.Discovery()) }

// serveKeySet serves the public keys. They are published a day before they sign, so
// caches may be minutes old.
func serveKeySet(r *machineRequest) error {
	set, err := r.apps.KeySet(r.Request().Context())
	if err != nil {
		return err
	}
	return r.respondPublic(set)
}
