package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/textproto"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SMTPOptions of an SMTP sink; the zero value keeps messages and offers everything but TLS.
type SMTPOptions struct {
	Address      string // 127.0.0.1:0 when empty
	Discard      bool   // count only
	TLS          bool   // offer STARTTLS with a certificate of its own; see SMTP.RootCAs
	ImplicitTLS  bool   // TLS from the first byte
	NoChunking   bool   // EHLO does not offer CHUNKING (under STARTTLS it does all the same)
	NoPipelining bool   // EHLO does not offer PIPELINING (likewise)
	Username     string // AUTH PLAIN is offered and required when not empty
	Password     string
	MaxMessages  int   // kept; 10,000
	MaxBytes     int   // kept; 64 MiB
	MessageBytes int64 // of one message; 32 MiB
	// Refuse, if given, is asked at RCPT (content nil) and after the content; an *smtp.SMTPError becomes the answer.
	Refuse func(from, to string, content []byte) error
}

// Mail is one message that the sink was given.
type Mail struct {
	ID       int // 1 for the first
	At       time.Time
	From, To string // envelope
	Header   textproto.MIMEHeader
	Raw      []byte // as it came, without dot-stuffing
}

// SMTP is a running SMTP sink.
type SMTP struct {
	options  SMTPOptions
	server   *smtp.Server
	listener net.Listener
	roots    *x509.CertPool
	pem      []byte
	shelf    *shelf[Mail]
	opened   atomic.Int64
	done     chan struct{}
	once     sync.Once
}

// ListenSMTP starts a sink on loopback.
func ListenSMTP(options SMTPOptions) (*SMTP, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	if options.MessageBytes == 0 {
		options.MessageBytes = 32 << 20
	}
	listener, err := listenLocal(options.Address)
	if err != nil {
		return nil, err
	}
	s := &SMTP{options: options, listener: listener, shelf: newShelf[Mail](options.MaxMessages, options.MaxBytes), done: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(s.session))
	s.server.Domain = "sink.localhost"
	s.server.ReadTimeout, s.server.WriteTimeout = 5*time.Minute, time.Minute
	s.server.MaxMessageBytes, s.server.MaxRecipients = options.MessageBytes, 1
	s.server.AllowInsecureAuth = true
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	if options.TLS || options.ImplicitTLS {
		certificate, roots, err := selfSigned()
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		s.roots, s.pem = roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
		config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
		if options.TLS {
			s.server.TLSConfig = config
		} else {
			listener = tls.NewListener(listener, config)
		}
	}
	if options.NoChunking || options.NoPipelining {
		listener = &quietListener{Listener: listener, noChunking: options.NoChunking, noPipelining: options.NoPipelining}
	}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener)
	}()
	return s, nil
}

// listenLocal refuses every address that is not loopback.
func listenLocal(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return nil, fmt.Errorf("sink: address %q is not loopback", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("sink: %w", err)
	}
	return listener, nil
}

// Address is host:port.
func (s *SMTP) Address() string { return s.listener.Addr().String() }

// RootCAs holds the sink's own certificate, nil without TLS. It is valid for localhost and 127.0.0.1.
func (s *SMTP) RootCAs() *x509.CertPool { return s.roots }

// Certificate is the sink's own in PEM, nil without TLS.
func (s *SMTP) Certificate() []byte { return s.pem }

// Count is how many messages came, Bytes how much content, kept or not.
func (s *SMTP) Count() int { count, _ := s.shelf.totals(); return count }

// Bytes is the content of all messages that came.
func (s *SMTP) Bytes() int64 { _, size := s.shelf.totals(); return size }

// Connections is how many were opened since the start.
func (s *SMTP) Connections() int { return int(s.opened.Load()) }

// List gives the messages still kept, oldest first.
func (s *SMTP) List() []Mail { return s.shelf.list() }

// Get gives one message, if it is still kept.
func (s *SMTP) Get(id int) (Mail, bool) { return s.shelf.get(id) }

// Wait returns when so many messages have come since the start.
func (s *SMTP) Wait(ctx context.Context, count int) error { return s.shelf.wait(ctx, count) }

// Close stops the sink and its connections.
func (s *SMTP) Close() error {
	var err error
	s.once.Do(func() {
		err = s.server.Close()
		<-s.done
	})
	return err
}

func (s *SMTP) session(*smtp.Conn) (smtp.Session, error) {
	s.opened.Add(1)
	return &session{sink: s}, nil
}

type session struct {
	sink     *SMTP
	from, to string
	trusted  bool
}

var copyBuffers = sync.Pool{New: func() any { buffer := make([]byte, 32<<10); return &buffer }}

func (n *session) Reset()        { n.from, n.to = "", "" }
func (n *session) Logout() error { return nil }

func (n *session) AuthMechanisms() []string {
	if n.sink.options.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (n *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != n.sink.options.Username || password != n.sink.options.Password {
			return smtp.ErrAuthFailed
		}
		n.trusted = true
		return nil
	}), nil
}

func (n *session) Mail(from string, _ *smtp.MailOptions) error {
	if n.sink.options.Username != "" && !n.trusted {
		return smtp.ErrAuthRequired
	}
	n.from = from
	return nil
}

func (n *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	n.to = to
	if n.sink.options.Refuse != nil {
		return n.sink.options.Refuse(n.from, to, nil)
	}
	return nil
}

func (n *session) Data(reader io.Reader) error {
	if n.sink.options.Discard {
		buffer := copyBuffers.Get().(*[]byte)
		defer copyBuffers.Put(buffer)
		size, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{reader}, *buffer)
		if err == nil {
			n.sink.shelf.tally(int(size))
		}
		return err
	}
	raw, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	if n.sink.options.Refuse != nil {
		if err := n.sink.options.Refuse(n.from, n.to, raw); err != nil {
			return err
		}
	}
	header, err := readHeader(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "the header cannot be read"}
	}
	n.sink.shelf.put(len(raw), func(id int) Mail {
		return Mail{ID: id, At: time.Now(), From: n.from, To: n.to, Header: header, Raw: raw}
	})
	return nil
}

func readHeader(raw []byte) (textproto.MIMEHeader, error) {
	head := raw
	if end := bytes.Index(raw, []byte("\r\n\r\n")); end >= 0 {
		head = raw[:end+4]
	}
	header, err := textproto.NewReader(newBuffered(head)).ReadMIMEHeader()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return header, err
}
