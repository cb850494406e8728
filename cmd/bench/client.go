package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// A conn is a connection that is kept. It speaks as much HTTP/1.1 as the program
// answers, at a third of what net/http costs: the load shares the machine with
// what it measures.
type conn struct {
	net.Conn
	r    *bufio.Reader
	body bytes.Buffer // of the last answer
}

// An answer is what a page said beside its body.
type answer struct {
	status  int
	cookies []string // name=value
}

func dial(address string) (*conn, error) {
	inner, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner, r: bufio.NewReaderSize(inner, 32<<10)}, nil
}

// request writes a request out. A form makes it a POST.
func request(path, address, cookie, form string) []byte {
	method, more := "GET", ""
	if form != "" {
		method = "POST"
		more = fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form))
	}
	if cookie != "" {
		more += "Cookie: " + cookie + "\r\n"
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nX-Forwarded-For: %s\r\n%s\r\n%s",
		method, path, address, more, form)
}

// ask sends a request and reads the answer.
func (c *conn) ask(request []byte) (a answer, err error) {
	if _, err := c.Write(request); err != nil {
		return a, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 {
		return a, fmt.Errorf("no answer of HTTP: %q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, err
	}
	length, chunked := int64(0), false
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return a, err
			}
		} else if bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked")) {
			chunked = true
		} else if value, found := bytes.CutPrefix(line, []byte("Set-Cookie: ")); found {
			pair, _, _ := strings.Cut(strings.TrimSpace(string(value)), ";")
			a.cookies = append(a.cookies, pair)
		}
	}
	c.body.Reset()
	if !chunked {
		_, err = io.CopyN(&c.body, c.r, length)
		return a, err
	}
	return a, c.chunks()
}

func (c *conn) chunks() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(&c.body, c.r, size); err != nil {
			return err
		}
		if _, err := c.r.Discard(2); err != nil || size == 0 {
			return err
		}
	}
}
