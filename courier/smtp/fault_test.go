package smtp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/courier/smtp"
	"letterhead/testkit/sink"
)

// fate is what one message came to, in short: "accepted", "refused/temporary/mail", "maybe sent/final".
func fate(result smtp.Result) string {
	switch result.Class {
	case smtp.Accepted:
		return "accepted"
	case smtp.Refused:
		term := "permanent"
		if result.Temporary {
			term = "temporary"
		}
		return fmt.Sprintf("refused/%s/%s", term, result.Stage)
	case smtp.NotBegun:
		return "not begun"
	}
	return result.Class.String() + "/" + string(result.Stage)
}

// sent is what a Send did.
type sent struct {
	fates  []string
	begun  []int
	result []smtp.Result
	err    error
}

// send checks what must hold of every Send: one fate for each message, Begin before all but NotBegun and local refusals,
// and that the relay has nothing of what was not accepted or maybe sent.
func send(t *testing.T, c *smtp.Conn, server *sink.ScriptServer, messages []smtp.Message) sent {
	t.Helper()
	out := sent{fates: make([]string, len(messages)), result: make([]smtp.Result, len(messages))}
	out.err = c.Send(context.Background(), messages, smtp.Hooks{
		Begin: func(places []int) error { out.begun = append(out.begun, places...); return nil },
		Done: func(place int, result smtp.Result) {
			if out.fates[place] != "" {
				t.Errorf("message %d has two fates: %s, %s", place, out.fates[place], fate(result))
			}
			out.fates[place], out.result[place] = fate(result), result
		},
	})
	if !slices.IsSorted(out.begun) || len(slices.Compact(slices.Clone(out.begun))) != len(out.begun) {
		t.Errorf("begun %v", out.begun)
	}
	for place, fate := range out.fates {
		class := out.result[place].Class
		if fate == "" {
			t.Errorf("message %d has no fate", place)
		}
		if (class == smtp.Accepted || class == smtp.MaybeSent || class == smtp.Incomplete) && !slices.Contains(out.begun, place) {
			t.Errorf("message %d is %s without Begin", place, fate)
		}
	}
	if server == nil {
		return out
	}
	for _, mail := range server.Mails() {
		place := slices.IndexFunc(messages, func(m smtp.Message) bool { return m.To == mail.To })
		if class := out.result[place].Class; class != smtp.Accepted && class != smtp.MaybeSent {
			t.Errorf("message %d was delivered and is %s", place, out.fates[place])
		}
		if want := bytes.Join(messages[place].Data, nil); !bytes.Equal(mail.Raw, want) {
			t.Errorf("message %d came with other content:\n%q\n%q", place, mail.Raw, want)
		}
	}
	return out
}

var modes = map[string][]string{
	"chunking":   {"PIPELINING", "CHUNKING", "8BITMIME", "SIZE 100000", "ENHANCEDSTATUSCODES"},
	"pipelining": {"PIPELINING", "SIZE"},
	"neither":    {},
	"chunks one": {"CHUNKING"}, // CHUNKING without PIPELINING
}

func quick(address string) smtp.Options {
	return smtp.Options{Address: address, Security: smtp.Plain, CommandTimeout: 500 * time.Millisecond, DataTimeout: 2 * time.Second,
		FinalTimeout: 500 * time.Millisecond, ConnectTimeout: 2 * time.Second, Drain: 50 * time.Millisecond}
}

func three() []smtp.Message { messages, _ := sample(3); return messages }

const (
	ok      = "accepted"
	unbegun = "not begun"
)

// faults: what happens to three messages. Where the means matter, fates holds them by mode.
var faults = []struct {
	name    string
	answers map[string][]string
	fates   map[string][3]string // "" is every other mode
	usable  bool
}{
	{"well behaved", nil, map[string][3]string{"": {ok, ok, ok}}, true},
	{"MAIL 4xx", map[string][]string{"MAIL": {"", "450 4.7.1 later", ""}}, map[string][3]string{
		"": {ok, "refused/temporary/mail", ok}, "chunking": {ok, ok, ok}}, true}, // chunking: the second MAIL is askReset's
	{"all MAIL 5xx", map[string][]string{"MAIL": {"550 5.7.1 no"}}, map[string][3]string{
		"": {"refused/permanent/mail", "refused/permanent/mail", "refused/permanent/mail"}}, true},
	{"first RCPT 5xx", map[string][]string{"RCPT": {"550 5.1.1 <client0@mail.example> unknown", ""}}, map[string][3]string{"": {"refused/permanent/rcpt", ok, ok}}, true},
	{"middle RCPT 4xx", map[string][]string{"RCPT": {"", "451 4.2.1 greylisted", ""}}, map[string][3]string{"": {ok, "refused/temporary/rcpt", ok}}, true},
	{"all RCPT 4xx", map[string][]string{"RCPT": {"450-4.2.0 please\r\n450 4.2.0 later"}}, map[string][3]string{
		"": {"refused/temporary/rcpt", "refused/temporary/rcpt", "refused/temporary/rcpt"}}, true},
	{"DATA 4xx", map[string][]string{"DATA": {"451 4.3.0 later", ""}}, map[string][3]string{"": {"refused/temporary/data", ok, ok}, "chunking": {ok, ok, ok}}, true},
	{"DATA 5xx", map[string][]string{"DATA": {"554 no"}}, map[string][3]string{
		"": {"refused/permanent/data", "refused/permanent/data", "refused/permanent/data"}, "chunking": {ok, ok, ok}}, true},
	{"DATA 250", map[string][]string{"DATA": {"250 thanks"}}, map[string][3]string{"": {unbegun, unbegun, unbegun}, "chunking": {ok, ok, ok}}, false},
	{"final 4xx", map[string][]string{"FINAL": {"", "452 4.3.1 disk full", ""}}, map[string][3]string{"": {ok, "refused/temporary/final", ok}}, true},
	{"final 5xx", map[string][]string{"FINAL": {"554-5.7.1 looks\r\n554 5.7.1 like spam", ""}}, map[string][3]string{"": {"refused/permanent/final", ok, ok}}, true},
	{"final 354", map[string][]string{"FINAL": {"354 more?"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"final of many lines", map[string][]string{"FINAL": {"250-2.0.0 one\r\n250-2.0.0 two\r\n250 2.0.0 three"}}, map[string][3]string{"": {ok, ok, ok}}, true},
	{"421 at MAIL", map[string][]string{"MAIL": {"421 4.3.2 closing drop"}}, map[string][3]string{"": {"refused/temporary/mail", unbegun, unbegun}}, false},
	{"421 at RCPT", map[string][]string{"RCPT": {"421 4.3.2 closing drop"}}, map[string][3]string{"": {"refused/temporary/rcpt", unbegun, unbegun}}, false},
	{"421 at second RCPT", map[string][]string{"RCPT": {"", "421 4.3.2 closing drop"}}, map[string][3]string{
		"": {ok, "refused/temporary/rcpt", unbegun}, "chunking": {ok, "refused/temporary/rcpt", "refused/temporary/content"}}, false},
	{"421 at DATA", map[string][]string{"DATA": {"421 closing drop"}}, map[string][3]string{"": {"refused/temporary/data", unbegun, unbegun}, "chunking": {ok, ok, ok}}, false},
	{"421 at the end", map[string][]string{"FINAL": {"421 4.3.2 closing drop"}}, map[string][3]string{"": {"refused/temporary/final", unbegun, unbegun}}, false},
	{"421 at the second end", map[string][]string{"FINAL": {"", "421 4.3.2 closing drop"}}, map[string][3]string{
		"": {ok, "refused/temporary/final", unbegun}, "chunking": {ok, "refused/temporary/final", "refused/temporary/content"}}, false},
	{"drop at MAIL", map[string][]string{"MAIL": {"drop"}}, map[string][3]string{"": {unbegun, unbegun, unbegun}, "chunking": {"maybe sent/mail", unbegun, unbegun}}, false},
	{"drop at RCPT", map[string][]string{"RCPT": {"drop"}}, map[string][3]string{"": {unbegun, unbegun, unbegun}, "chunking": {"maybe sent/rcpt", unbegun, unbegun}}, false},
	{"drop at DATA", map[string][]string{"DATA": {"drop"}}, map[string][3]string{"": {unbegun, unbegun, unbegun}, "chunking": {ok, ok, ok}}, false},
	{"drop after refusing RCPT", map[string][]string{"RCPT": {"550 5.1.1 no drop"}}, map[string][3]string{
		"": {"refused/permanent/rcpt", unbegun, unbegun}}, false},
	{"drop in content", map[string][]string{"CONTENT": {"drop"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"drop after content", map[string][]string{"FINAL": {"drop"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"drop after the second content", map[string][]string{"FINAL": {"", "drop"}}, map[string][3]string{
		"": {ok, "maybe sent/final", unbegun}, "chunking": {ok, "maybe sent/final", "maybe sent/content"}}, false},
	{"accepted, then gone", map[string][]string{"FINAL": {"250 2.0.0 taken drop"}}, map[string][3]string{
		"": {ok, unbegun, unbegun}}, false},
	{"silence at MAIL", map[string][]string{"MAIL": {"silence"}}, map[string][3]string{"": {unbegun, unbegun, unbegun}, "chunking": {"maybe sent/mail", unbegun, unbegun}}, false},
	{"silence at DATA", map[string][]string{"DATA": {"silence"}}, map[string][3]string{"": {unbegun, unbegun, unbegun}, "chunking": {ok, ok, ok}}, false},
	{"silence after content", map[string][]string{"FINAL": {"silence"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"slow bytes", map[string][]string{"FINAL": {"drip 250 2.0.0 this reply comes a byte at a time and not in time"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"endless reply", map[string][]string{"FINAL": {"endless"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"line without end", map[string][]string{"FINAL": {"long"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"not a reply", map[string][]string{"FINAL": {"hello"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"two codes in a reply", map[string][]string{"FINAL": {"250-a\r\n550 b"}}, map[string][3]string{"": {"maybe sent/final", unbegun, unbegun}}, false},
	{"CHUNKING not understood", map[string][]string{"BDAT": {"502 5.5.1 not implemented"}}, map[string][3]string{
		"": {ok, ok, ok}, "chunking": {"refused/temporary/final", unbegun, unbegun}}, true},
	{"354 though no recipient", map[string][]string{"RCPT": {"550 5.1.1 no", ""}, "DATA": {"354 go on"}, "FINAL": {"554 5.5.1 no recipients", ""}}, map[string][3]string{
		"": {"refused/permanent/rcpt", "refused/permanent/final", ok}, "pipelining": {"refused/permanent/rcpt", ok, ok}, "chunking": {"refused/permanent/rcpt", "refused/permanent/final", ok}}, true},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range faults {
		for mode, offers := range modes {
			t.Run(test.name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				server := script(t, sink.Script{Offers: offers, Answers: test.answers, Strict: true})
				c, err := smtp.Dial(context.Background(), quick(server.Address()))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				want, special := test.fates[mode]
				if !special {
					want = test.fates[""]
				}
				start := time.Now()
				out := send(t, c, server, three())
				if !slices.Equal(out.fates, want[:]) {
					t.Errorf("fates %v, want %v (%v)\n%q", out.fates, want, out.err, server.Commands())
				}
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("took %v", took)
				}
				settled := !slices.ContainsFunc(out.result, func(r smtp.Result) bool { return r.Reply.Code == 0 })
				if settled != (out.err == nil) && !strings.HasPrefix(test.name, "421") {
					t.Errorf("error %v with %v", out.err, out.fates)
				}
				for _, result := range out.result {
					if text := fmt.Sprint(result.Err, result.Reply); strings.Contains(text, "client0@") && !strings.Contains(result.Reply.Text, "client0@") {
						t.Errorf("the error has an address: %s", text)
					}
				}
				if out.err != nil && strings.Contains(out.err.Error(), "@") {
					t.Errorf("the error has an address: %v", out.err)
				}
			})
		}
	}
}

// TestReturnPathSurvivesRefusal: a strict relay keeps the transaction of a message without recipients open; nobody's
// message may then travel under the return path of another.
func TestReturnPathSurvivesRefusal(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{true, false} {
		server := script(t, sink.Script{Offers: modes["chunking"], Strict: strict, Answers: map[string][]string{"RCPT": {"", "", "550 5.1.1 no", "", "", "550 5.1.1 no", ""}}})
		c, err := smtp.Dial(context.Background(), quick(server.Address()))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		messages, _ := sample(30)
		out := send(t, c, server, messages)
		if mails := server.Mails(); len(mails) != 28 || out.err != nil {
			t.Errorf("%d delivered, want 28 (%v)", len(mails), out.err)
		}
		for _, mail := range server.Mails() {
			place := slices.IndexFunc(messages, func(m smtp.Message) bool { return m.To == mail.To })
			if mail.From != messages[place].From || out.result[place].Err != nil {
				t.Errorf("strict %v: message %d travelled under %s", strict, place, mail.From)
			}
		}
		resets := 0
		for _, command := range server.Commands() {
			if command == "RSET" {
				resets++
			}
		}
		if strict != (resets > 25) || resets == 0 {
			t.Errorf("strict %v: %d RSETs", strict, resets)
		}
	}
}

func TestConnectFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		script    sink.Script
		change    func(*smtp.Options)
		stage     smtp.Stage
		temporary bool
	}{
		{"greeting 554", sink.Script{Answers: map[string][]string{"GREETING": {"554 5.7.1 no"}}}, nil, smtp.StageGreeting, true},
		{"greeting 421", sink.Script{Answers: map[string][]string{"GREETING": {"421 busy drop"}}}, nil, smtp.StageGreeting, true},
		{"greeting is no SMTP", sink.Script{Answers: map[string][]string{"GREETING": {"SSH-2.0-OpenSSH"}}}, nil, smtp.StageGreeting, true},
		{"greeting silent", sink.Script{Answers: map[string][]string{"GREETING": {"silence"}}}, nil, smtp.StageGreeting, true},
		{"greeting dropped", sink.Script{Answers: map[string][]string{"GREETING": {"drop"}}}, nil, smtp.StageGreeting, true},
		{"greeting without end", sink.Script{Answers: map[string][]string{"GREETING": {"long"}}}, nil, smtp.StageGreeting, true},
		{"EHLO refused", sink.Script{Answers: map[string][]string{"EHLO": {"502 what"}}}, nil, smtp.StageHello, false},
		{"EHLO endless", sink.Script{Answers: map[string][]string{"EHLO": {"endless"}}}, nil, smtp.StageHello, true},
		{"EHLO drips", sink.Script{Answers: map[string][]string{"EHLO": {"drip 250 " + strings.Repeat("x", 200)}}}, nil, smtp.StageHello, true},
		{"no STARTTLS", sink.Script{}, starttls, smtp.StageTLS, false},
		{"STARTTLS refused", sink.Script{Offers: []string{"STARTTLS"}, Answers: map[string][]string{"STARTTLS": {"454 4.7.0 no TLS now"}}}, starttls, smtp.StageTLS, true},
		{"STARTTLS injected", sink.Script{Offers: []string{"STARTTLS"}, Answers: map[string][]string{"STARTTLS": {"220 go\r\n250-evil\r\n250 AUTH PLAIN"}}}, starttls, smtp.StageTLS, false},
		{"TLS is none", sink.Script{Offers: []string{"STARTTLS"}}, starttls, smtp.StageTLS, true},
		{"TLS dropped", sink.Script{Offers: []string{"STARTTLS"}, Answers: map[string][]string{"STARTTLS": {"220 go drop"}}}, starttls, smtp.StageTLS, true},
		{"untrusted certificate", sink.Script{Offers: []string{"STARTTLS"}, TLS: true, Untrusted: true}, starttls, smtp.StageTLS, false},
		{"certificate of another name", sink.Script{Offers: []string{"STARTTLS"}, TLS: true}, func(o *smtp.Options) { starttls(o); o.ServerName = "relay.example" }, smtp.StageTLS, false},
		{"implicit TLS with a plain relay", sink.Script{}, func(o *smtp.Options) { o.Security = smtp.ImplicitTLS }, smtp.StageTLS, true},
		{"wrong password", sink.Script{Offers: []string{"AUTH PLAIN"}, Answers: map[string][]string{"AUTH": {"535 5.7.8 no"}}}, login, smtp.StageAuth, false},
		{"no way to log in", sink.Script{Offers: []string{"AUTH GSSAPI"}}, login, smtp.StageAuth, false},
		{"login not now", sink.Script{Offers: []string{"AUTH LOGIN"}, Answers: map[string][]string{"AUTH": {"454 4.7.0 later"}}}, login, smtp.StageAuth, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := script(t, test.script)
			options := quick(server.Address())
			options.RootCAs = server.RootCAs()
			if test.change != nil {
				test.change(&options)
			}
			c, err := smtp.Dial(context.Background(), options)
			var fault *smtp.Error
			if !errors.As(err, &fault) || fault.Stage != test.stage || fault.Temporary != test.temporary {
				t.Fatalf("connection %v, error %v (%+v), want stage %s, temporary %v", c, err, fault, test.stage, test.temporary)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has the password: %v", err)
			}
			for _, command := range server.Commands() {
				if test.stage == smtp.StageTLS && (strings.HasPrefix(command, "AUTH") || strings.HasPrefix(command, "MAIL")) {
					t.Errorf("%s was told without TLS", command)
				}
			}
		})
	}
}

func starttls(o *smtp.Options) {
	o.Security, o.Username, o.Password = smtp.StartTLS, "clinic", "secret"
}
func login(o *smtp.Options) { o.Username, o.Password = "clinic", "secret" }

func script(t *testing.T, s sink.Script) *sink.ScriptServer {
	t.Helper()
	server, err := sink.ListenScript(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// TestPipeliningIsALie: a relay that forgets what comes behind a command in the same packet.
func TestPipeliningIsALie(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{"chunking": "maybe sent/rcpt", "pipelining": unbegun} {
		server := script(t, sink.Script{Offers: modes[mode], OnlyFirst: true})
		c, err := smtp.Dial(context.Background(), quick(server.Address()))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		small := []smtp.Message{{From: "a@b.example", To: "c@d.example", Data: [][]byte{[]byte("Subject: x\r\n\r\n")}}}
		if out := send(t, c, server, small); out.fates[0] != want {
			t.Errorf("%s: %v, want %s", mode, out.fates, want)
		}
	}
}
