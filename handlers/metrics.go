package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// A Metrics receives what is counted. Users are in the log only. The functions
// may be nil, and are called concurrently.
type Metrics struct {
	ObserveRequest func(ServedRequest)
	ObserveEvent   func(auth.Event)     // after its transaction has been committed
	ObserveCheck   func(outcome string) // of [CheckOutcomes]
}

// A ServedRequest is one request and its response. Route and Reason have few
// values, whatever clients request, so both can be metric labels.
type ServedRequest struct {
	Route    string // as in the route table; empty if no route matched
	Status   int
	Reason   string // why the request was refused, as in the log; empty if it was not
	Duration time.Duration
}

// RejectionReasons returns every reason that a [ServedRequest] can have.
func RejectionReasons() []string {
	reasons := []string{reasonLeft, reasonSignInFirst, reasonVerifyFirst}
	for task := range taskPaths {
		reasons = append(reasons, reasonOfTask(task))
	}
	for _, status := range []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		reasons = append(reasons, reasonOf(status))
	}
	for _, reason := range auth.Reasons {
		reasons = append(reasons, string(reason))
	}
	return reasons
}

func (m Metrics) observeEvent(event auth.Event) {
	if m.ObserveEvent != nil {
		m.ObserveEvent(event)
	}
}

func (m Metrics) observeRequest(c echo.Context, log *requestLog, duration time.Duration) {
	if m.ObserveRequest != nil {
		m.ObserveRequest(ServedRequest{Route: c.Path(), Status: c.Response().Status, Reason: log.reason, Duration: duration})
	}
}
