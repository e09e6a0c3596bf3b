package smtp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"letterhead/courier/smtp"
	"letterhead/testkit/sink"
)

// TestAnyFaults: whatever a relay answers and wherever it goes away, what it took was accepted or is maybe sent, what was
// accepted it has, and no more than a window is maybe sent.
func TestAnyFaults(t *testing.T) {
	t.Parallel()
	steps := []string{"MAIL", "RCPT", "DATA", "FINAL", "RSET", "CONTENT"}
	answers := []string{"450 4.0.0 later", "550 5.0.0 no", "421 4.0.0 bye drop", "drop", "nonsense", "503 5.5.1 sequence", "550 no drop"}
	rapid.Check(t, func(r *rapid.T) {
		plan := sink.Script{Strict: rapid.Bool().Draw(r, "strict"), Answers: map[string][]string{}}
		if rapid.Bool().Draw(r, "chunking") {
			plan.Offers = append(plan.Offers, "CHUNKING")
		}
		if rapid.Bool().Draw(r, "pipelining") {
			plan.Offers = append(plan.Offers, "PIPELINING")
		}
		for range rapid.IntRange(0, 3).Draw(r, "faults") {
			step := rapid.SampledFrom(steps).Draw(r, "step")
			list := make([]string, rapid.IntRange(0, 6).Draw(r, "after"))
			plan.Answers[step] = append(append(list, rapid.SampledFrom(answers).Draw(r, "answer")), "")
			if step == "CONTENT" {
				plan.Answers[step] = []string{"drop"}
			}
		}
		server, err := sink.ListenScript(plan)
		if err != nil {
			r.Fatal(err)
		}
		defer server.Close()
		options := quick(server.Address())
		options.Window = rapid.IntRange(1, 8).Draw(r, "window")
		c, err := smtp.Dial(context.Background(), options)
		if err != nil {
			r.Fatal(err)
		}
		messages, _ := sample(rapid.IntRange(1, 20).Draw(r, "messages"))
		results := make([]smtp.Result, len(messages))
		_ = c.Send(context.Background(), messages, smtp.Hooks{Done: func(place int, result smtp.Result) { results[place] = result }})
		c.Close()
		server.Close()
		delivered := map[string]int{}
		for _, mail := range server.Mails() {
			delivered[mail.To]++
		}
		maybe := 0
		for place, result := range results {
			count := delivered[messages[place].To]
			if result.Class == smtp.MaybeSent {
				maybe++
			}
			if count > 1 || (count == 1) != (result.Class == smtp.Accepted) && !(result.Class == smtp.MaybeSent) {
				r.Errorf("message %d is %s (%+v) and was delivered %d times", place, result.Class, result, count)
			}
		}
		if maybe > options.Window {
			r.Errorf("%d are maybe sent with a window of %d", maybe, options.Window)
		}
	})
}

func TestBeginStops(t *testing.T) {
	t.Parallel()
	frozen := errors.New("frozen")
	for mode, offers := range modes {
		server := script(t, sink.Script{Offers: offers})
		c, err := smtp.Dial(context.Background(), quick(server.Address()))
		if err != nil {
			t.Fatal(err)
		}
		messages, _ := sample(20)
		classes := make([]smtp.Class, len(messages))
		allowed := map[int]bool{}
		calls := 0
		err = c.Send(context.Background(), messages, smtp.Hooks{
			Begin: func(places []int) error {
				if calls++; calls > 2 {
					return frozen
				}
				for _, place := range places {
					allowed[place] = true
				}
				return nil
			},
			Done: func(place int, result smtp.Result) { classes[place] = result.Class },
		})
		c.Close()
		server.Close()
		if !errors.Is(err, frozen) || calls != 3 {
			t.Errorf("%s: error %v after %d calls", mode, err, calls)
		}
		for place, class := range classes {
			if want := map[bool]smtp.Class{true: smtp.Accepted, false: smtp.NotBegun}[allowed[place]]; class != want {
				t.Errorf("%s: message %d is %s, want %s", mode, place, class, want)
			}
		}
		if got := len(server.Mails()); got != len(allowed) || got == 0 {
			t.Errorf("%s: %d delivered, %d allowed", mode, got, len(allowed))
		}
		if slices.Contains(server.Commands(), ".") {
			t.Errorf("%s: an empty message was ended", mode)
		}
	}
}

func TestBeginAhead(t *testing.T) {
	t.Parallel()
	server := script(t, sink.Script{Offers: modes["pipelining"]})
	options := quick(server.Address())
	options.BeginAhead = 4
	c, err := smtp.Dial(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	messages, _ := sample(10)
	var calls [][]int
	if err := c.Send(context.Background(), messages, smtp.Hooks{Begin: func(places []int) error { calls = append(calls, slices.Clone(places)); return nil }}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(calls) != "[[0 1 2 3] [4 5 6 7] [8 9]]" {
		t.Errorf("Begin was called with %v", calls)
	}
}

// TestCancelDrains: a cancelled context begins nothing more, lets what is in flight end, and cuts a relay that is silent.
func TestCancelDrains(t *testing.T) {
	t.Parallel()
	for mode, offers := range modes {
		for _, silent := range []bool{false, true} {
			plan := sink.Script{Offers: offers}
			if silent {
				plan.Answers = map[string][]string{"FINAL": {"", "silence"}}
			}
			server := script(t, plan)
			options := quick(server.Address())
			options.FinalTimeout = time.Hour
			c, err := smtp.Dial(context.Background(), options)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			messages, _ := sample(100)
			counts := map[smtp.Class]int{}
			calls, start := 0, time.Now()
			err = c.Send(ctx, messages, smtp.Hooks{
				Begin: func([]int) error {
					if calls++; calls == 2 {
						cancel()
					}
					return nil
				},
				Done: func(_ int, result smtp.Result) { counts[result.Class]++ },
			})
			if !errors.Is(err, context.Canceled) && !silent || err == nil {
				t.Errorf("%s: error %v", mode, err)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%s: took %v", mode, took)
			}
			if calls != 2 || counts[smtp.NotBegun] < 80 || (counts[smtp.MaybeSent] > 0) != silent || counts[smtp.Accepted] == 0 {
				t.Errorf("%s, silent %v: %d calls, %v", mode, silent, calls, counts)
			}
			cancel()
			c.Close()
		}
	}
}

// TestIncomplete: a relay that takes only part of the content. The pipe has no buffer, so what is written is read.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	for _, chunking := range []bool{true, false} {
		for _, limit := range []int{0, 1, 100} {
			client, relay := net.Pipe()
			go func() {
				defer relay.Close()
				hello := "250-relay\r\n250-PIPELINING\r\n250 SIZE\r\n"
				if chunking {
					hello = strings.Replace(hello, "SIZE", "CHUNKING", 1)
				}
				io.WriteString(relay, "220 relay\r\n")
				read := func(until string) {
					var seen []byte
					for one := make([]byte, 1); !bytes.HasSuffix(seen, []byte(until)); seen = append(seen, one[0]) {
						if _, err := relay.Read(one); err != nil {
							return
						}
					}
				}
				read("EHLO [127.0.0.1]\r\n")
				io.WriteString(relay, hello)
				if chunking {
					read(" LAST\r\n")
				} else {
					read("DATA\r\n")
					io.WriteString(relay, "250 ok\r\n250 ok\r\n354 go\r\n")
				}
				io.CopyN(io.Discard, relay, int64(limit))
			}()
			options := quick("relay.example:25")
			options.Dial = func(context.Context, string, string) (net.Conn, error) { return client, nil }
			c, err := smtp.Dial(context.Background(), options)
			if err != nil {
				t.Fatal(err)
			}
			want := "incomplete/content"
			if limit == 0 {
				want = unbegun
			}
			if out := send(t, c, nil, three()); out.fates[0] != want || out.fates[2] != unbegun {
				t.Errorf("chunking %v, %d bytes: %v, want %s first (%v)", chunking, limit, out.fates, want, out.err)
			}
		}
	}
}

func TestOwnRules(t *testing.T) {
	t.Parallel()
	text := net.Buffers{[]byte("Subject: x\r\n\r\n"), []byte("text\r\n")}
	for name, test := range map[string]struct {
		message smtp.Message
		says    string
	}{
		"letters outside ASCII":   {smtp.Message{From: "a@b.example", To: "jürgen@mail.example", Data: text}, "SMTPUTF8"},
		"no address":              {smtp.Message{From: "a@b.example", To: "None", Data: text}, "before or after @"},
		"command in the address":  {smtp.Message{From: "a@b.example", To: "x@y.example>\r\nDATA\r\n", Data: text}, "recipient"},
		"command in return path":  {smtp.Message{From: "a b@b.example", To: "x@y.example", Data: text}, "return path"},
		"nothing":                 {smtp.Message{From: "a@b.example", To: "x@y.example"}, "empty"},
		"bare LF":                 {smtp.Message{To: "x@y.example", Data: net.Buffers{[]byte("a\n.\r\nMAIL FROM:<>")}}, "bare CR or LF"},
		"bare CR":                 {smtp.Message{To: "x@y.example", Data: net.Buffers{[]byte("a\r.\r\n")}}, "bare CR or LF"},
		"long line":               {smtp.Message{To: "x@y.example", Data: net.Buffers{[]byte(strings.Repeat("a", 999) + "\r\n")}}, "998"},
		"too large for the relay": {smtp.Message{To: "x@y.example", Data: net.Buffers{[]byte(strings.Repeat("aaaaaaaa\r\n", 30))}}, "200"},
		"eight bits":              {smtp.Message{To: "x@y.example", Data: net.Buffers{[]byte("ä\r\n")}}, "8BITMIME"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := script(t, sink.Script{Offers: []string{"PIPELINING", "SIZE 200"}})
			c, err := smtp.Dial(context.Background(), quick(server.Address()))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			good := smtp.Message{From: "", To: "b@BÜCHER.example", Data: text}
			out := send(t, c, nil, []smtp.Message{good, test.message, good})
			if out.fates[0] != ok || out.fates[1] != "refused/permanent/local" || out.fates[2] != ok || !strings.Contains(out.result[1].Err.Error(), test.says) {
				t.Fatalf("%v, %v, want %q", out.fates, out.result[1].Err, test.says)
			}
			for _, mail := range server.Mails() {
				if mail.To != "b@xn--bcher-kva.example" || mail.From != "" {
					t.Errorf("came from %q to %q", mail.From, mail.To)
				}
			}
		})
	}
}

// TestOnlyThisMachine: nothing is opened to another machine when that is not allowed. 192.0.2.1 is nobody's (RFC 5737).
func TestOnlyThisMachine(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]smtp.Options{
		"loopback only": {Address: "192.0.2.1:25", LoopbackOnly: true}, "plain": {Address: "192.0.2.1:25", Security: smtp.Plain},
	} {
		start := time.Now()
		_, err := smtp.Dial(context.Background(), options)
		var fault *smtp.Error
		if !errors.Is(err, smtp.ErrNotLocal) || !errors.As(err, &fault) || fault.Temporary || time.Since(start) > time.Second {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// interop: go-smtp's server, with everything between nothing and TLS with a password, and a proxy in front.
func TestInterop(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]struct {
		sink   sink.SMTPOptions
		proxy  *sink.ProxyOptions
		change func(*smtp.Options)
	}{
		"chunking":             {},
		"no chunking":          {sink: sink.SMTPOptions{NoChunking: true}},
		"neither":              {sink: sink.SMTPOptions{NoChunking: true, NoPipelining: true}},
		"proxy strips both":    {proxy: &sink.ProxyOptions{NoChunking: true, NoPipelining: true}},
		"proxy strips one":     {proxy: &sink.ProxyOptions{NoChunking: true}},
		"proxy delays":         {proxy: &sink.ProxyOptions{RoundTrip: 4 * time.Millisecond}},
		"starttls":             {sink: sink.SMTPOptions{TLS: true, Username: "clinic", Password: "secret"}, change: starttls},
		"starttls, no chunks":  {sink: sink.SMTPOptions{TLS: true}, change: func(o *smtp.Options) { o.Security, o.NoChunking = smtp.StartTLS, true }},
		"implicit tls":         {sink: sink.SMTPOptions{ImplicitTLS: true}, change: func(o *smtp.Options) { o.Security = smtp.ImplicitTLS }},
		"implicit, no chunks":  {sink: sink.SMTPOptions{ImplicitTLS: true, NoChunking: true}, change: func(o *smtp.Options) { o.Security = smtp.ImplicitTLS }},
		"reset before each":    {change: func(o *smtp.Options) { o.ResetEach = true }},
		"told to do it simply": {change: func(o *smtp.Options) { o.NoChunking, o.NoPipelining = true, true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay, err := sink.ListenSMTP(plan.sink)
			if err != nil {
				t.Fatal(err)
			}
			defer relay.Close()
			options := quick(relay.Address())
			options.RootCAs, options.CommandTimeout, options.FinalTimeout = relay.RootCAs(), 5*time.Second, 5*time.Second
			if plan.proxy != nil {
				proxy, err := sink.ListenProxy(relay.Address(), *plan.proxy)
				if err != nil {
					t.Fatal(err)
				}
				defer proxy.Close()
				options.Address = proxy.Address()
			}
			if plan.change != nil {
				plan.change(&options)
			}
			c, err := smtp.Dial(context.Background(), options)
			if err != nil {
				t.Fatal(err)
			}
			offers := c.Offers()
			if stripped := plan.sink.NoChunking || plan.proxy != nil && plan.proxy.NoChunking; offers.Chunking == stripped {
				t.Errorf("offers %+v", offers)
			}
			messages, _ := sample(40)
			messages[3].Data = net.Buffers{[]byte("Subject: dots\r\n\r\n.\r\n..\r\n...x\r\n"), []byte(".wrap{}\r\n\r\n."), []byte("\r\nend")}
			messages[7].Data = net.Buffers{[]byte("Subject: eight bits\r\n\r\nGrüße\r\n")}
			out := send(t, c, nil, messages)
			if out.err != nil {
				t.Fatal(out.err)
			}
			for place, fate := range out.fates {
				if fate != ok {
					t.Errorf("message %d: %s, %v", place, fate, out.result[place].Err)
				}
			}
			mails := relay.List()
			if len(mails) != len(messages) {
				t.Fatalf("%d came, want %d", len(mails), len(messages))
			}
			for place, mail := range mails {
				want := bytes.Join(messages[place].Data, nil)
				if place == 3 {
					want = append(want, "\r\n"...)
				}
				if mail.From != messages[place].From || mail.To != messages[place].To || !bytes.Equal(mail.Raw, want) {
					t.Errorf("message %d came from %s to %s as\n%q, want\n%q", place, mail.From, mail.To, mail.Raw, want)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
