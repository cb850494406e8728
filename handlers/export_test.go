package handlers

import (
	"net/http"
	"net/url"

	"twostep/auth"
)

// AttemptOf returns the attempt token in a request's cookie.
func AttemptOf(r *http.Request, keys auth.Keyring, site *url.URL) auth.Token {
	return newCookieJar(keys, site).read(r).Attempt
}

// RoutePaths returns the paths of the route table, and whether each has GET and POST.
func RoutePaths() map[string][2]bool {
	paths := map[string][2]bool{}
	for _, row := range routes {
		paths[row.path] = [2]bool{row.page != nil, row.post != nil}
	}
	return paths
}

// MachinePaths returns the paths for programs, with their methods and whether scripts of
// other sites may use them.
func MachinePaths() map[string][]MachinePath {
	paths := map[string][]MachinePath{}
	for _, row := range machineRoutes {
		paths[row.path] = append(paths[row.path], MachinePath{row.method, row.cors})
	}
	return paths
}

// A MachinePath is a row of machineRoutes.
type MachinePath struct {
	Method string
	CORS   bool
}
