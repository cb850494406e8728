package handlers

import (
	"time"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// A Watch is told what the site does, to count it: who it was about is for the
// log. Both functions may be nil, and are called by many at the same time.
type Watch struct {
	Answered func(Answer)
	Happened func(auth.Event) // to an account, once it stands in the store
}

// An Answer is one request that was answered. There are only so many routes and
// reasons, whatever a visitor asks for, so that both can be names of counters.
type Answer struct {
	Route  string // as in the table of routes; empty for an address that is none
	Status int
	Reason string // why it was refused, as in the log; empty where it was not
	Took   time.Duration
}

func (w Watch) happened(e auth.Event) {
	if w.Happened != nil {
		w.Happened(e)
	}
}

func (w Watch) answered(c echo.Context, e *entry, took time.Duration) {
	if w.Answered == nil {
		return
	}
	w.Answered(Answer{Route: c.Path(), Status: c.Response().Status, Reason: e.reason, Took: took})
}
