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

// A conn is a kept-alive HTTP/1.1 connection. It supports only what the server
// uses, and costs a third of net/http: client and server share the machine.
type conn struct {
	net.Conn
	r    *bufio.Reader
	body bytes.Buffer // of the last response
}

// A response holds the status and the cookies; conn holds the body.
type response struct {
	status   int
	location string
	cookies  []string // name=value
}

func dial(address string) (*conn, error) {
	inner, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner, r: bufio.NewReaderSize(inner, 32<<10)}, nil
}

// request encodes a request, a POST if there is a form.
func request(path, ip, cookie, form string) []byte {
	method, headers := "GET", ""
	if form != "" {
		method = "POST"
		headers = fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form))
	}
	if cookie != "" {
		headers += "Cookie: " + cookie + "\r\n"
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nX-Forwarded-For: %s\r\n%s\r\n%s",
		method, path, userAgent, ip, headers, form)
}

// do sends a request and reads the response.
func (c *conn) do(request []byte) (resp response, err error) {
	if _, err := c.Write(request); err != nil {
		return resp, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return resp, err
	}
	if len(line) < 12 {
		return resp, fmt.Errorf("invalid status line: %q", line)
	}
	if resp.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return resp, err
	}
	length, chunked := int64(0), false
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return resp, err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return resp, err
			}
		} else if bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked")) {
			chunked = true
		} else if value, found := bytes.CutPrefix(line, []byte("Location: ")); found {
			resp.location = strings.TrimSpace(string(value))
		} else if value, found := bytes.CutPrefix(line, []byte("Set-Cookie: ")); found {
			pair, _, _ := strings.Cut(strings.TrimSpace(string(value)), ";")
			resp.cookies = append(resp.cookies, pair)
		}
	}
	c.body.Reset()
	if !chunked {
		_, err = io.CopyN(&c.body, c.r, length)
		return resp, err
	}
	return resp, c.readChunks()
}

func (c *conn) readChunks() error {
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
