package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Dial connects, secures and authenticates. The error is an *Error.
func Dial(ctx context.Context, options Options) (*Conn, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, &Error{Stage: StageLocal, Err: err}
	}
	return dial(ctx, options)
}

func dial(ctx context.Context, options Options) (*Conn, error) {
	connecting, cancel := context.WithTimeout(ctx, options.ConnectTimeout)
	defer cancel()
	plain, err := connect(connecting, options)
	if err != nil {
		return nil, &Error{Stage: StageConnect, Temporary: !errors.Is(err, ErrNotLocal), Err: err}
	}
	c := &Conn{options: options, plain: plain, wire: plain, lastUsed: time.Now()}
	defer c.use(ctx, 0)()
	if err := c.open(ctx); err != nil {
		c.abandon()
		if ctx.Err() != nil {
			err.Err = context.Cause(ctx)
		}
		return nil, err
	}
	return c, nil
}

// connect opens the TCP connection, and none to another machine where that is not allowed.
func connect(ctx context.Context, options Options) (net.Conn, error) {
	localOnly := options.LoopbackOnly || options.Security == Plain
	open := options.Dial
	if open == nil {
		dialer := &net.Dialer{}
		if localOnly {
			dialer.Control = func(_, address string, _ syscall.RawConn) error {
				host, _, err := net.SplitHostPort(address)
				if err != nil || !net.ParseIP(host).IsLoopback() {
					return ErrNotLocal
				}
				return nil
			}
		}
		open = dialer.DialContext
	}
	plain, err := open(ctx, "tcp", options.Address)
	if err != nil {
		return nil, err
	}
	if localOnly && !isLocal(plain.RemoteAddr()) {
		return nil, errors.Join(ErrNotLocal, plain.Close())
	}
	return plain, nil
}

// open does everything between connecting and the first message.
func (c *Conn) open(ctx context.Context) *Error {
	if c.options.Security == ImplicitTLS {
		if err := c.secure(ctx); err != nil {
			return err
		}
	} else {
		c.reader = bufio.NewReaderSize(c.wire, maxReplyLine)
	}
	greeting, err := c.reply(c.options.CommandTimeout, true)
	if err != nil {
		return &Error{Stage: StageGreeting, Temporary: true, Err: err}
	}
	if greeting.Code != 220 {
		return &Error{Stage: StageGreeting, Reply: greeting, Temporary: true, Err: errors.New("the relay does not serve us")}
	}
	if err := c.hello(); err != nil {
		return err
	}
	if c.options.Security == StartTLS {
		if err := c.startTLS(ctx); err != nil {
			return err
		}
		if err := c.hello(); err != nil {
			return err
		}
	}
	return c.authenticate()
}

func (c *Conn) hello() *Error {
	c.put("EHLO ", c.options.LocalName, "\r\n")
	if err := c.flush(); err != nil {
		return &Error{Stage: StageHello, Temporary: true, Err: err}
	}
	first := true
	var offers Offers
	reply, err := c.replyEach(c.options.CommandTimeout, false, func(line []byte) {
		if !first { // the first line is a greeting
			offers.note(string(line))
		}
		first = false
	})
	if err != nil {
		return &Error{Stage: StageHello, Temporary: true, Err: err}
	}
	if reply.Code != 250 {
		return &Error{Stage: StageHello, Reply: reply, Temporary: reply.temporary(), Err: errors.New("EHLO was refused")}
	}
	c.offers = offers
	return nil
}

// note takes one line of the EHLO reply (RFC 5321 §4.1.1.1).
func (o *Offers) note(line string) {
	keyword, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch strings.ToUpper(keyword) {
	case "STARTTLS":
		o.StartTLS = true
	case "PIPELINING":
		o.Pipelining = true
	case "CHUNKING":
		o.Chunking = true
	case "8BITMIME":
		o.EightBitMIME = true
	case "SIZE":
		o.Size = true
		if size, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err == nil && size > 0 {
			o.MaxSize = size
		}
	case "AUTH":
		for mechanism := range strings.FieldsSeq(strings.ToUpper(rest)) {
			o.AuthPlain = o.AuthPlain || mechanism == "PLAIN"
			o.AuthLogin = o.AuthLogin || mechanism == "LOGIN"
		}
	}
}

func (c *Conn) startTLS(ctx context.Context) *Error {
	if !c.offers.StartTLS {
		return &Error{Stage: StageTLS, Err: errors.New("the relay does not offer STARTTLS, which is required")}
	}
	reply, err := c.command(StageTLS, "STARTTLS")
	if err != nil {
		return &Error{Stage: StageTLS, Temporary: true, Err: errors.Unwrap(err)}
	}
	if reply.Code != 220 {
		return &Error{Stage: StageTLS, Reply: reply, Temporary: true, Err: errors.New("STARTTLS was refused")}
	}
	if c.reader.Buffered() > 0 {
		// What came in clear after the 220 would be taken for the relay's own words (CVE-2011-0411).
		return &Error{Stage: StageTLS, Err: protocolError("text between STARTTLS and TLS")}
	}
	c.offers = Offers{}
	return c.secure(ctx)
}

// secure puts TLS on the connection. The certificate is always verified.
func (c *Conn) secure(ctx context.Context) *Error {
	secured := tls.Client(c.plain, &tls.Config{ServerName: c.options.ServerName, RootCAs: c.options.RootCAs, MinVersion: tls.VersionTLS12})
	c.await(c.options.ConnectTimeout)
	if err := secured.HandshakeContext(ctx); err != nil {
		var certificate *tls.CertificateVerificationError
		return &Error{Stage: StageTLS, Temporary: !errors.As(err, &certificate), Err: err}
	}
	c.wire = secured
	c.reader = bufio.NewReaderSize(secured, maxReplyLine)
	return nil
}

// authenticate says who we are (RFC 4954), where nobody else can hear it.
func (c *Conn) authenticate() *Error {
	if c.options.Username == "" {
		return nil
	}
	if _, secured := c.TLS(); !secured && !isLocal(c.plain.RemoteAddr()) {
		return &Error{Stage: StageAuth, Err: errors.New("no password is sent without TLS")}
	}
	encode := base64.StdEncoding.EncodeToString
	var steps []string
	switch {
	case c.offers.AuthPlain: // RFC 4616
		steps = []string{"AUTH PLAIN " + encode([]byte("\x00"+c.options.Username+"\x00"+c.options.Password))}
	case c.offers.AuthLogin:
		steps = []string{"AUTH LOGIN", encode([]byte(c.options.Username)), encode([]byte(c.options.Password))}
	default:
		return &Error{Stage: StageAuth, Err: errors.New("the relay offers neither AUTH PLAIN nor AUTH LOGIN")}
	}
	for i, step := range steps {
		reply, err := c.command(StageAuth, step)
		if err != nil {
			return &Error{Stage: StageAuth, Temporary: true, Err: errors.Unwrap(err)}
		}
		if want := map[bool]int{true: 235, false: 334}[i == len(steps)-1]; reply.Code != want {
			reply.Text = string(bytes.ReplaceAll([]byte(reply.Text), []byte(step), []byte("…")))
			return &Error{Stage: StageAuth, Reply: reply, Temporary: reply.temporary(), Err: errors.New("the relay refused the user name or password")}
		}
	}
	return nil
}
