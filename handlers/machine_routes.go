package handlers

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"twostep/auth/oidc"
)

// A machineRoute is an endpoint for programs. It reads and sets no cookie, so no form
// token protects it, and it responds with JSON, also to errors.
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

func isMachinePath(path string) bool {
	return slices.ContainsFunc(machineRoutes, func(row machineRoute) bool { return row.path == path })
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

// respond writes JSON.
func (r *machineRequest) respond(status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return r.Blob(status, "application/json", text)
}

// respondPublic writes JSON that is the same for everybody and changes seldom.
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
