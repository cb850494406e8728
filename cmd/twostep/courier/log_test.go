package courier_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"twostep/cmd/twostep/courier"
)

func TestLog_Format(t *testing.T) {
	tests := map[string]struct {
		message courier.Message
		want    string
	}{
		"mail": {
			courier.Message{Channel: "email", To: "ann@example.com", Subject: "Your code", Body: "Your code is 123456.\n\nBye\n"},
			"── email to ann@example.com ──\n│ Your code\n│\n│ Your code is 123456.\n│\n│ Bye\n",
		},
		"sms": {
			courier.Message{Channel: "sms", To: "+12025550123", Body: "123456\n\n@localhost #123456"},
			"── sms to +12025550123 ──\n│ 123456\n│\n│ @localhost #123456\n",
		},
		"code": {
			courier.Message{Channel: "sms", To: "+12025550123", Body: "123456 is your code\n\n@localhost #123456", Code: "123456"},
			"── sms to +12025550123 ──\n│ 123456 is your code\n│\n│ @localhost #123456\n│\n│ Code: 123456\n",
		},
		"control characters": {
			courier.Message{Channel: "email", To: "ann@example.com\nlevel=INFO", Subject: "a\r\nb", Body: "x\x1b[2Jy\rz\u2028\u202e"},
			"── email to ann@example.com\\nlevel=INFO ──\n│ a\\r\\nb\n│\n│ x\\x1b[2Jy\\rz\\u2028\\u202e\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := courier.NewLog(&out).Send(t.Context(), test.message); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != test.want {
				t.Errorf("output:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestLog_ConcurrentBlocks(t *testing.T) {
	var out bytes.Buffer
	log := courier.NewLog(&out)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if err := log.Send(t.Context(), courier.Message{Channel: "sms", To: "+12025550123", Body: "one\ntwo"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if complete := strings.Count(out.String(), "── sms to +12025550123 ──\n│ one\n│ two\n"); complete != 32 {
		t.Errorf("%d complete blocks, want 32", complete)
	}
}
