package sms_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/courier/sms"
	"letterhead/testkit/sink"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func message() sms.Message {
	return sms.Message{ID: "0198-01", From: "HarbourClin", To: "+61491570006", Text: "Your appointment: Tue 10:00 – see you"}
}

func gateway(t *testing.T, options sink.SMSOptions) *sink.SMS {
	t.Helper()
	g, err := sink.ListenSMS(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

func client(t *testing.T, options sms.Options) *sms.Client {
	t.Helper()
	c, err := sms.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	g := gateway(t, sink.SMSOptions{Bearer: "token", Secret: secret})
	c := client(t, sms.Options{URL: g.URL(), Bearer: "token", Secret: secret, LoopbackOnly: true})
	begun := 0
	for range 2 { // the second is a repeat under the same key
		result := c.Send(context.Background(), message(), func() error { begun++; return nil })
		if result.Class != sms.Accepted || result.Provider != "sink-1" || result.Status != 202 || result.Err != nil {
			t.Fatalf("%+v", result)
		}
	}
	if g.Count() != 1 || g.Repeats() != 1 || begun != 2 {
		t.Errorf("%d came, %d again, %d begun", g.Count(), g.Repeats(), begun)
	}
	got, ok := g.Get(1)
	if !ok || got.Key != "0198-01" || got.From != "HarbourClin" || got.To != message().To || got.Text != message().Text {
		t.Errorf("came as %+v", got)
	}
	for name, wrong := range map[string]sms.Options{"token": {URL: g.URL(), Bearer: "other", Secret: secret}, "secret": {URL: g.URL(), Bearer: "token", Secret: []byte("other secret of ours")}} {
		if result := client(t, wrong).Send(context.Background(), message(), nil); result.Class != sms.Refused || result.Temporary || result.Status != 401 {
			t.Errorf("wrong %s: %+v", name, result)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer    func(w http.ResponseWriter)
		class     sms.Class
		temporary bool
		after     time.Duration
	}{
		"too many":           {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "17"); w.WriteHeader(429) }, sms.Refused, true, 17 * time.Second},
		"too many, for ever": {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "99999999"); w.WriteHeader(429) }, sms.Refused, true, time.Hour},
		"odd wait":           {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "1h2m"); w.WriteHeader(503) }, sms.Refused, true, 0},
		"server error":       {func(w http.ResponseWriter) { w.WriteHeader(500) }, sms.Refused, true, 0},
		"bad request":        {func(w http.ResponseWriter) { w.WriteHeader(400) }, sms.Refused, false, 0},
		"blocked":            {func(w http.ResponseWriter) { w.WriteHeader(403) }, sms.Refused, false, 0},
		"redirect":           {func(w http.ResponseWriter) { w.Header().Set("Location", "http://127.0.0.1:1/"); w.WriteHeader(307) }, sms.Refused, true, 0},
		"taken without id":   {func(w http.ResponseWriter) { io.WriteString(w, `{"ok":true}`) }, sms.MaybeSent, false, 0},
		"taken with odd id":  {func(w http.ResponseWriter) { io.WriteString(w, `{"id":"a b"}`) }, sms.MaybeSent, false, 0},
		"taken, no JSON":     {func(w http.ResponseWriter) { io.WriteString(w, `OK`) }, sms.MaybeSent, false, 0},
		"endless":            {func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat("x", 100_000)) }, sms.MaybeSent, false, 0},
		"cut off": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "50")
			io.WriteString(w, `{"id":`)
			panic(http.ErrAbortHandler)
		}, sms.MaybeSent, false, 0},
		"dropped": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, sms.MaybeSent, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			g := gateway(t, sink.SMSOptions{Answer: func(w http.ResponseWriter, _ sink.Text) bool { asked.Add(1); test.answer(w); return true }})
			c := client(t, sms.Options{URL: g.URL()})
			result := c.Send(context.Background(), message(), nil)
			if result.Class != test.class || result.Temporary != test.temporary || result.After != test.after || result.Err == nil {
				t.Errorf("%+v, want %s", result, test.class)
			}
			if asked.Load() != 1 {
				t.Errorf("asked %d times", asked.Load())
			}
			if text := result.Err.Error(); strings.Contains(text, "4915") || strings.Contains(text, g.URL()) {
				t.Errorf("the error tells too much: %s", text)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	g := gateway(t, sink.SMSOptions{Answer: func(http.ResponseWriter, sink.Text) bool { <-release; return true }})
	defer close(release)
	c := client(t, sms.Options{URL: g.URL(), Timeout: 50 * time.Millisecond})
	if result := c.Send(context.Background(), message(), nil); result.Class != sms.MaybeSent || !errors.Is(result.Err, context.DeadlineExceeded) {
		t.Errorf("silence: %+v", result)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	listener.Close()
	if result := client(t, sms.Options{URL: closed}).Send(context.Background(), message(), nil); result.Class != sms.NotBegun {
		t.Errorf("nobody there: %+v", result)
	}
	frozen := errors.New("frozen")
	if result := c.Send(context.Background(), message(), func() error { return frozen }); result.Class != sms.NotBegun || !errors.Is(result.Err, frozen) {
		t.Errorf("frozen: %+v", result)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if result := c.Send(ctx, message(), func() error { t.Error("begun after the end"); return nil }); result.Class != sms.NotBegun {
		t.Errorf("cancelled: %+v", result)
	}
	for _, options := range []sms.Options{{URL: "http://192.0.2.1/"}, {URL: "https://192.0.2.1/", LoopbackOnly: true}} {
		if result := client(t, options).Send(context.Background(), message(), nil); result.Class != sms.NotBegun || !errors.Is(result.Err, sms.ErrNotLocal) {
			t.Errorf("another machine: %+v", result)
		}
	}
}

func TestOwnRules(t *testing.T) {
	t.Parallel()
	g := gateway(t, sink.SMSOptions{})
	c := client(t, sms.Options{URL: g.URL()})
	for says, change := range map[string]func(*sms.Message){
		"id": func(m *sms.Message) { m.ID = "" }, "recipient": func(m *sms.Message) { m.To = "0491 570 006" }, "sender id is": func(m *sms.Message) { m.From = "Harbour Clinic" },
		"neither a number": func(m *sms.Message) { m.From = "Pr%xis" }, "empty": func(m *sms.Message) { m.Text = "" }, "not UTF-8": func(m *sms.Message) { m.Text = "\xff" },
		"2000": func(m *sms.Message) { m.Text = strings.Repeat("ä", 2001) },
	} {
		bad := message()
		change(&bad)
		if result := c.Send(context.Background(), bad, func() error { t.Error("begun"); return nil }); result.Class != sms.Refused || result.Temporary || !strings.Contains(result.Err.Error(), says) {
			t.Errorf("%s: %+v", says, result)
		}
	}
	if g.Count() != 0 {
		t.Errorf("%d came", g.Count())
	}
	for _, options := range []sms.Options{{}, {URL: "ftp://a/"}, {URL: "https://user:pass@a/"}, {URL: "https://a/", Timeout: -1}, {URL: "https://a/", Bearer: "a\r\nX: b"}, {URL: "https://a/", Connections: 5000}} {
		if _, err := sms.New(options); err == nil {
			t.Errorf("%+v passes", options)
		}
	}
}

func TestVerifyHook(t *testing.T) {
	t.Parallel()
	now, body := time.Unix(1796000000, 500), []byte(`{"event":"e1"}`)
	good := sms.SignHook(secret, body, now)
	_, sum, _ := strings.Cut(good, ",v1=")
	for name, test := range map[string]struct {
		header string
		body   string
		now    time.Time
		ok     bool
	}{
		"good":            {good, string(body), now, true},
		"early enough":    {good, string(body), now.Add(sms.HookTolerance - time.Second), true},
		"late clock":      {good, string(body), now.Add(-sms.HookTolerance + time.Second), true},
		"two secrets":     {"t=1796000000,v1=" + strings.Repeat("00", 32) + ",v1=" + sum, string(body), now, true},
		"spaces":          {"t=1796000000, v1=" + sum + ", v0=x", string(body), now, true},
		"too old":         {good, string(body), now.Add(sms.HookTolerance + time.Second), false},
		"from the future": {good, string(body), now.Add(-sms.HookTolerance - time.Second), false},
		"other body":      {good, `{"event":"e2"}`, now, false},
		"other time":      {"t=1796000001,v1=" + sum, string(body), now, false},
		"two times":       {"t=1796000000,t=1796000000,v1=" + sum, string(body), now, false},
		"no time":         {"v1=" + sum, string(body), now, false},
		"no signature":    {"t=1796000000", string(body), now, false},
		"empty signature": {"t=1796000000,v1=", string(body), now, false},
		"half signature":  {"t=1796000000,v1=" + sum[:32], string(body), now, false},
		"no hex":          {"t=1796000000,v1=" + strings.Repeat("z", 64), string(body), now, false},
		"many":            {"t=1796000000" + strings.Repeat(",v1=00", 5) + ",v1=" + sum, string(body), now, false},
		"empty":           {"", string(body), now, false},
		"negative":        {"t=-5,v1=" + sum, string(body), now, false},
		"huge body":       {sms.SignHook(secret, make([]byte, sms.MaxHook+1), now), string(make([]byte, sms.MaxHook+1)), now, false},
	} {
		if err := sms.VerifyHook(secret, test.header, []byte(test.body), test.now); (err == nil) != test.ok || (err != nil && !errors.Is(err, sms.ErrHook)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := sms.VerifyHook(nil, sms.SignHook(nil, body, now), body, now); err == nil {
		t.Error("an empty secret passes")
	}
}

func TestParseHook(t *testing.T) {
	t.Parallel()
	at := `"at":"2026-12-01T10:00:00+11:00"`
	hook, err := sms.ParseHook([]byte(`{"event":"e1","type":"receipt","id":"p1","message":"m1","status":"undelivered","code":"30005","extra":"x",` + at + `}`))
	if err != nil || hook.Reply != nil || *hook.Receipt != (sms.Receipt{Event: "e1", Provider: "p1", Message: "m1", Status: sms.Undelivered, Code: "30005", At: time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)}) {
		t.Errorf("receipt %+v, %v", hook.Receipt, err)
	}
	hook, err = sms.ParseHook([]byte(`{"event":"e2","type":"reply","from":"+61491570006","to":"Clinic","text":"Yes 👍",` + at + `}`))
	if err != nil || hook.Receipt != nil || hook.Reply.Text != "Yes 👍" || hook.Reply.From != "+61491570006" || hook.Reply.To != "Clinic" {
		t.Errorf("reply %+v, %v", hook.Reply, err)
	}
	for says, body := range map[string]string{
		"JSON": `[]`, "JSON object": `{"event":5}`, "at is": `{"event":"e","type":"reply"}`, "event": `{"type":"reply",` + at + `}`, "type": `{"event":"e","type":"x",` + at + `}`,
		"has no id": `{"event":"e","type":"receipt","status":"delivered",` + at + `}`, "status": `{"event":"e","type":"receipt","id":"p","status":"read",` + at + `}`,
		"code": `{"event":"e","type":"receipt","id":"p","status":"delayed","code":"a b",` + at + `}`, "id or message": `{"event":"e","type":"receipt","id":"a\nb",` + at + `}`,
		"from": `{"event":"e","type":"reply","from":"12","to":"x",` + at + `}`, "to is": `{"event":"e","type":"reply","from":"+61491570006","to":"",` + at + `}`,
		"text": `{"event":"e","type":"reply","from":"+61491570006","to":"x","text":"` + strings.Repeat("a", 2001) + `",` + at + `}`, "bytes": `"` + strings.Repeat("a", sms.MaxHook) + `"`,
	} {
		if _, err := sms.ParseHook([]byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func FuzzHook(f *testing.F) {
	f.Add(`{"event":"e","type":"reply","from":"+61491570006","to":"x","text":"hi","at":"2026-12-01T10:00:00Z"}`, "t=1796000000,v1=00")
	f.Add(`{"event":"e","type":"receipt","id":"p","status":"delivered","at":"2026-12-01T10:00:00Z"}`, "v1=,t=")
	now := time.Unix(1796000000, 0)
	f.Fuzz(func(t *testing.T, body, header string) {
		if sms.VerifyHook(secret, header, []byte(body), now) == nil {
			t.Fatalf("%q passes as the signature of %q", header, body)
		}
		if sms.VerifyHook(secret, sms.SignHook(secret, []byte(body), now), []byte(body), now) != nil {
			t.Fatalf("our own signature of %q fails", body)
		}
		hook, err := sms.ParseHook([]byte(body))
		if (err == nil) != ((hook.Receipt != nil) != (hook.Reply != nil)) {
			t.Fatalf("%q gave %+v, %v", body, hook, err)
		}
	})
}
