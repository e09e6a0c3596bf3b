package smtp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Security is how the connection is protected.
type Security int

const (
	// StartTLS requires STARTTLS (RFC 3207).
	StartTLS Security = iota
	// ImplicitTLS speaks TLS from the first byte (RFC 8314 §3.3, usually port 465).
	ImplicitTLS
	// Plain is without TLS and refused unless the peer is this machine.
	Plain
)

// Options of a connection. Address is needed; the zero value of everything else is good.
type Options struct {
	Address      string         // host:port
	Security     Security       // StartTLS
	LoopbackOnly bool           // never open a connection to another machine
	LocalName    string         // what EHLO says; [127.0.0.1] when empty (RFC 5321 §4.1.4: better our host name)
	ServerName   string         // the name in the certificate; Address's host when empty
	RootCAs      *x509.CertPool // who may have signed the certificate; the system's when nil
	Username     string         // AUTH PLAIN or LOGIN when not empty
	Password     string

	ConnectTimeout time.Duration // to connect and for TLS; 30 s
	CommandTimeout time.Duration // for the reply to a command; 1 minute (RFC 5321 §4.5.3.2 allows 5)
	DataTimeout    time.Duration // for a write to be taken; 2 minutes
	FinalTimeout   time.Duration // for the reply to the end of content; 5 minutes (RFC 5321: 10)
	Drain          time.Duration // what messages in flight get after the context is cancelled; 4 s

	Window          int                                                                  // messages in flight under CHUNKING; 8
	BeginAhead      int                                                                  // without CHUNKING: messages told to Begin at once; 1 is exact, more saves calls
	MessagesPerConn int                                                                  // then the connection is closed; 1,000
	IdleLimit       time.Duration                                                        // unused for longer, it is not used again; 30 s
	MaxMessageBytes int                                                                  // 32 MiB
	NoChunking      bool                                                                 // do as if CHUNKING were not offered
	NoPipelining    bool                                                                 // do as if PIPELINING were not offered
	ResetEach       bool                                                                 // RSET before every message under CHUNKING, without finding out whether it is needed
	resetKnown      bool                                                                 // ResetEach has been found out
	Dial            func(ctx context.Context, network, address string) (net.Conn, error) // net.Dialer when nil
}

// probeAfter: a connection unused for longer is asked with RSET before it is trusted with content.
const probeAfter = 250 * time.Millisecond

func (o Options) withDefaults() (Options, error) {
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil || host == "" || port == "" {
		return o, fmt.Errorf("smtp: relay address %q is not host:port", o.Address)
	}
	if o.ServerName == "" {
		o.ServerName = host
	}
	if o.LocalName == "" {
		o.LocalName = "[127.0.0.1]"
	}
	if strings.ContainsFunc(o.LocalName, func(r rune) bool { return r <= ' ' || r > '~' }) || len(o.LocalName) > 255 {
		return o, errors.New("smtp: local name is not a host name")
	}
	if o.Security < StartTLS || o.Security > Plain {
		return o, fmt.Errorf("smtp: security %d is not known", o.Security)
	}
	if o.Username == "" && o.Password != "" {
		return o, errors.New("smtp: a password without a user name")
	}
	if strings.ContainsRune(o.Username+o.Password, 0) || len(o.Username)+len(o.Password) > 4096 {
		return o, errors.New("smtp: user name or password with a NUL or of more than 4096 bytes")
	}
	for _, wait := range []struct {
		value *time.Duration
		usual time.Duration
		name  string
	}{{&o.ConnectTimeout, 30 * time.Second, "connect timeout"}, {&o.CommandTimeout, time.Minute, "command timeout"}, {&o.DataTimeout, 2 * time.Minute, "data timeout"},
		{&o.FinalTimeout, 5 * time.Minute, "final timeout"}, {&o.Drain, 4 * time.Second, "drain"}, {&o.IdleLimit, 30 * time.Second, "idle limit"}} {
		if *wait.value == 0 {
			*wait.value = wait.usual
		}
		if *wait.value < 0 {
			return o, fmt.Errorf("smtp: %s %v is below 0", wait.name, *wait.value)
		}
	}
	for _, count := range []struct {
		value        *int
		usual, limit int
		name         string
	}{{&o.Window, 8, 64, "window"}, {&o.BeginAhead, 1, 64, "begin ahead"}, {&o.MessagesPerConn, 1000, 1 << 30, "messages a connection"},
		{&o.MaxMessageBytes, 32 << 20, 1 << 30, "message bytes"}} {
		if *count.value == 0 {
			*count.value = count.usual
		}
		if *count.value < 1 || *count.value > count.limit {
			return o, fmt.Errorf("smtp: %s %d is not within 1 to %d", count.name, *count.value, count.limit)
		}
	}
	return o, nil
}

// isLocal says whether a peer is this machine: loopback, a socket file, or a pipe inside the process.
func isLocal(address net.Addr) bool {
	switch address := address.(type) {
	case *net.TCPAddr:
		return address.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return address != nil && address.Network() == "pipe"
}
