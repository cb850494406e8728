package handlers

import (
	"time"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// A Metrics is told what the site does, to count it: who it was about is for the
// log. Both functions may be nil, and are called by many at the same time.
type Metrics struct {
	ObserveRequest func(ServedRequest)
	ObserveEvent   func(auth.Event) // to an account, once it stands in the store
}

// A ServedRequest is one request that was answered. There are only so many routes and
// reasons, whatever a visitor asks for, so that both can be names of counters.
type ServedRequest struct {
	Route  string // as in the table of routes; empty for an address that is none
	Status int
	Reason string // why it was refused, as in the log; empty where it was not
	Duration   time.Duration
}

func (w Metrics) happened(e auth.Event) {
	if w.ObserveEvent != nil {
		w.ObserveEvent(e)
	}
}

func (w Metrics) answered(c echo.Context, e *entry, took time.Duration) {
	if w.ObserveRequest == nil {
		return
	}
	w.ObserveRequest(ServedRequest{Route: c.Path(), Status: c.Response().Status, Reason: e.reason, Duration: took})
}
