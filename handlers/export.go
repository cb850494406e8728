package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"time"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/views"
)

var exportFormats = map[string]views.Format{".csv": views.CSV, ".ndjson": views.NDJSON}

// export writes all rows of a list, page by page, so that the memory that it needs does not
// depend on their number (OP-11). The first page is read before the response begins: until
// then an error has its own page. An error after that cuts the response off.
//
// A link of another site leads to the list instead: it could otherwise download again and
// again in the name of an administrator, and use up what they may do in an hour.
func export[T any](r *request, table views.Table[T], start func() (auth.Pages[T], error)) error {
	if from := r.Request().Header.Get("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		return r.redirect(r.shownAt())
	}
	r.exportHeader()
	if r.Request().Method == http.MethodHead {
		return r.NoContent(http.StatusOK)
	}
	next, err := start()
	if err != nil {
		return r.notExported(err)
	}
	format, page := exportFormats[path.Ext(r.path())], views.Page{Role: r.role()}
	var chunk bytes.Buffer
	table.Head(&chunk, format)
	for more := true; more; {
		var rows []T
		if rows, more, err = readPage(r, next); err != nil {
			return r.notExported(err)
		}
		for _, row := range rows {
			table.Row(&chunk, format, page, row)
			if chunk.Len() >= auth.ExportChunk {
				if err := r.writeChunk(&chunk); err != nil {
					return r.cutOff(reasonLeft)
				}
			}
		}
		if err := r.writeChunk(&chunk); err != nil { // a proxy gives up if nothing arrives for a minute
			return r.cutOff(reasonLeft)
		}
	}
	return nil
}

func (r *request) exportHeader() {
	file := path.Base(r.path())
	name := file[:len(file)-len(path.Ext(file))]
	header := r.Response().Header()
	header.Set(echo.HeaderContentType, exportFormats[path.Ext(file)].ContentType)
	header.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s-%s%s"`, name, r.rules.Now().UTC().Format(time.DateOnly), path.Ext(file)))
}

// readPage limits each page like a whole request. A client that has closed the connection
// is noticed when the page is written.
func readPage[T any](r *request, next auth.Pages[T]) ([]T, bool, error) {
	ctx, cancel := r.site.withTimeout(context.WithoutCancel(r.ctx()))
	defer cancel()
	return next(ctx)
}

// writeChunk sends what has been written so far.
func (r *request) writeChunk(chunk *bytes.Buffer) error {
	deadline := time.Now().Add(auth.ExportTimeout)
	if err := http.NewResponseController(r.Response()).SetWriteDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := chunk.WriteTo(r.Response()); err != nil {
		return err
	}
	r.Response().Flush() // the next write returns its error
	return nil
}

// notExported returns an error that happened before the response began, for its own page,
// and otherwise cuts the response off.
func (r *request) notExported(err error) error {
	status, kind := errorStatus(err)
	if !r.Response().Committed {
		r.Response().Header().Del(echo.HeaderContentDisposition)
		r.Response().Header().Del(echo.HeaderContentType)
		return err
	}
	if kind == views.ErrorInternal {
		r.site.Log.Error("fault", "request_id", r.log.id, "path", r.Path(), "error", err)
	}
	return r.cutOff(reasonOf(status))
}

// cutOff ends a response such that the client sees that it is incomplete. The connection is
// reset: a proxy that uses HTTP/1.0, which has no end of a response but that of the
// connection, would otherwise take it for the end.
func (r *request) cutOff(reason string) error {
	r.log.reason = reason
	conn, _, err := http.NewResponseController(r.Response()).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
	return nil
}
