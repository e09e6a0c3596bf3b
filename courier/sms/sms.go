// Package sms hands text messages to a gateway over HTTP and verifies what the gateway sends back.
//
// The request is a POST of JSON to the configured URL:
//
//	{"id": "<our message id>", "from": "<sender id>", "to": "+61…", "text": "…"}
//
// with Content-Type: application/json, Idempotency-Key: <our message id>, and as configured Authorization: Bearer <token>,
// Letterhead-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>, or both. The gateway answers 2xx with
// {"id": "<its id>"} and takes the same Idempotency-Key again for the same message. A gateway that speaks otherwise gets a
// translating process beside the courier.
//
// Every message ends in exactly one Result: NotBegun (no byte of the request was written), Accepted (with the gateway's id),
// Refused (429, 5xx and redirects for now; other 4xx for good), MaybeSent (bytes of the request left and no whole answer
// came back). Begin is called before anything is dialled or written; after an error from it nothing is.
//
// Receipts and replies come as hooks signed in the same way, in the header Letterhead-Signature; VerifyHook checks time and
// signature, ParseHook the body.
//
// Promises: redirects are not followed, proxies of the environment not used; answers, hooks and waits are bounded; without
// https the gateway must be this machine; errors never hold the number, the text, the token or the gateway's own words. It
// stores nothing.
package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	maxAnswer = 64 << 10 // bytes of a gateway's answer
	maxText   = 2000     // characters: beyond what gateways join, and a bound
	maxID     = 128
)

// Class is the fate of a message.
type Class uint8

// See the package comment. The zero Class is none.
const (
	NotBegun Class = iota + 1
	Accepted
	Refused
	MaybeSent
)

func (c Class) String() string {
	names := [...]string{"none", "not begun", "accepted", "refused", "maybe sent"}
	if int(c) < len(names) {
		return names[c]
	}
	return "none"
}

// Message is one text to one number.
type Message struct {
	ID   string // ours, stable over attempts
	From string // sender id: E.164, or 1 to 11 letters, digits and spaces
	To   string // E.164
	Text string
}

// Result is the fate of one message.
type Result struct {
	Class     Class
	Status    int    // of the answer, 0 if none came
	Provider  string // the gateway's id, of Accepted
	Temporary bool   // Refused: the same message may be taken later
	// After is how long the gateway asked to wait (Retry-After), at most an hour.
	After time.Duration
	Err   error
}

// Options of a gateway. URL is needed; the zero value of everything else is good.
type Options struct {
	URL          string
	LoopbackOnly bool          // never open a connection to another machine
	Bearer       string        // token
	Secret       []byte        // signs each request when not empty
	Timeout      time.Duration // for one message, all in all; 30 s
	Connections  int           // at once; 10
}

// Client hands messages to one gateway. Any number of goroutines may use it.
type Client struct {
	options Options
	http    *http.Client
}

// ErrNotLocal: the gateway is not this machine, and only that is allowed.
var ErrNotLocal = errors.New("sms: the gateway is not on this machine (loopback)")

// New checks the options; it connects when there is something to send.
func New(options Options) (*Client, error) {
	target, err := url.Parse(options.URL)
	if err != nil || target.Host == "" || target.User != nil || (target.Scheme != "https" && target.Scheme != "http") {
		return nil, errors.New("sms: the gateway's URL is not https://host/path")
	}
	if options.Timeout == 0 {
		options.Timeout = 30 * time.Second
	}
	if options.Connections == 0 {
		options.Connections = 10
	}
	if options.Timeout < 0 || options.Connections < 1 || options.Connections > 1000 {
		return nil, errors.New("sms: timeout or connections out of range")
	}
	if strings.ContainsFunc(options.Bearer, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("sms: the bearer token has characters that no header may have")
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if options.LoopbackOnly || target.Scheme == "http" {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if host, _, err := net.SplitHostPort(address); err != nil || !net.ParseIP(host).IsLoopback() {
				return ErrNotLocal
			}
			return nil
		}
	}
	transport := &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxConnsPerHost: options.Connections, MaxIdleConnsPerHost: options.Connections,
		IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: maxAnswer, DisableCompression: true}
	return &Client{options: options, http: &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Send hands over one message. begin, if given, is called before anything can leave.
func (c *Client) Send(ctx context.Context, message Message, begin func() error) Result {
	if err := check(message); err != nil {
		return Result{Class: Refused, Err: err}
	}
	body, err := json.Marshal(struct {
		ID   string `json:"id"`
		From string `json:"from"`
		To   string `json:"to"`
		Text string `json:"text"`
	}{message.ID, message.From, message.To, message.Text})
	if err != nil {
		return Result{Class: Refused, Err: fmt.Errorf("sms: writing the request: %w", err)}
	}
	if err := ctx.Err(); err != nil {
		return Result{Class: NotBegun, Err: err}
	}
	if begin != nil {
		if err := begin(); err != nil {
			return Result{Class: NotBegun, Err: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	// Once a connection is given to the request, bytes may leave at any moment. The transport itself sends a POST again only
	// when it wrote nothing of it, because GetBody is taken away.
	var left atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.URL, bytes.NewReader(body))
	if err != nil {
		return Result{Class: NotBegun, Err: errors.New("sms: the gateway's URL cannot be used")}
	}
	request.GetBody = nil
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", message.ID)
	request.Header.Set("User-Agent", "letterhead")
	if c.options.Bearer != "" {
		request.Header.Set("Authorization", "Bearer "+c.options.Bearer)
	}
	if len(c.options.Secret) > 0 {
		request.Header.Set(SignatureHeader, SignHook(c.options.Secret, body, time.Now()))
	}
	response, err := c.http.Do(request)
	if err != nil {
		result := Result{Class: NotBegun, Err: withoutURL(err)}
		if left.Load() {
			result.Class = MaybeSent
		}
		return result
	}
	defer response.Body.Close()
	return judge(response)
}

// judge turns an answer into a fate.
func judge(response *http.Response) Result {
	result := Result{Status: response.StatusCode}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		var parsed struct {
			ID string `json:"id"`
		}
		switch {
		case err != nil, len(answer) > maxAnswer:
			// The status says that it took the message; without its id only the receipts are lost.
			result.Class, result.Err = MaybeSent, errors.New("sms: the gateway's answer was cut off or too long")
		case json.Unmarshal(answer, &parsed) != nil || !plainID(parsed.ID):
			result.Class, result.Err = MaybeSent, errors.New("sms: the gateway answered without an id")
		default:
			result.Class, result.Provider = Accepted, parsed.ID
		}
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500, status < 400:
		result.Class, result.Temporary, result.After = Refused, true, retryAfter(response.Header.Get("Retry-After"))
		result.Err = fmt.Errorf("sms: the gateway answered %d", status)
	default:
		result.Class, result.Err = Refused, fmt.Errorf("sms: the gateway answered %d", status)
	}
	return result
}

// withoutURL keeps the cause: a URL may hold an account's name.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("sms: asking the gateway: %w", err)
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3).
func retryAfter(text string) time.Duration {
	var wait time.Duration
	if seconds, err := time.ParseDuration(text + "s"); err == nil && !strings.ContainsAny(text, "hmsnuµ.") {
		wait = seconds
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), time.Hour)
}

func check(message Message) error {
	switch {
	case !plainID(message.ID):
		return errors.New("sms: the message's id is empty or not 1 to 128 plain characters")
	case !isNumber(message.To):
		return errors.New("sms: the recipient is not a number in E.164 form (+ and 7 to 15 digits)")
	case !isNumber(message.From) && !isSenderID(message.From):
		return errors.New("sms: the sender id is neither a number in E.164 form nor 1 to 11 letters, digits and spaces")
	case message.Text == "" || !utf8.ValidString(message.Text) || utf8.RuneCountInString(message.Text) > maxText:
		return fmt.Errorf("sms: the text is empty, not UTF-8, or longer than %d characters", maxText)
	}
	return nil
}

func isNumber(text string) bool {
	digits, ok := strings.CutPrefix(text, "+")
	return ok && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// isSenderID checks an alphanumeric sender (GSM 03.40 §9.1.2.5); one of digits alone is a short code.
func isSenderID(text string) bool {
	if len(text) < 1 || len(text) > 11 || text[0] == ' ' || text[len(text)-1] == ' ' {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ' ')
	})
}

// plainID is what both sides' ids must be.
func plainID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}
