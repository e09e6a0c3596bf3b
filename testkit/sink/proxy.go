package sink

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// ProxyOptions of a TCP proxy on loopback.
type ProxyOptions struct {
	Address      string        // 127.0.0.1:0 when empty
	RoundTrip    time.Duration // added; half in each direction, without a limit on throughput
	NoChunking   bool          // takes CHUNKING out of the first EHLO reply
	NoPipelining bool          // takes PIPELINING out of the first EHLO reply
}

// Proxy is a running proxy.
type Proxy struct {
	options  ProxyOptions
	target   string
	listener net.Listener
	mu       sync.Mutex
	open     map[net.Conn]struct{} // nil once closed
	wait     sync.WaitGroup
}

// ListenProxy starts a proxy in front of target, which must be loopback too.
func ListenProxy(target string, options ProxyOptions) (*Proxy, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	listener, err := listenLocal(options.Address)
	if err != nil {
		return nil, err
	}
	p := &Proxy{options: options, target: target, listener: listener, open: map[net.Conn]struct{}{}}
	p.wait.Go(p.accept)
	return p, nil
}

// Address is host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Close ends the proxy and all that goes through it.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	for conn := range p.open {
		_ = conn.Close()
	}
	p.open = nil
	p.mu.Unlock()
	p.wait.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		p.wait.Go(func() { p.carry(client) })
	}
}

func (p *Proxy) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	if p.open == nil {
		p.mu.Unlock()
		return
	}
	p.open[client], p.open[server] = struct{}{}, struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client, client) })
	both.Go(func() {
		var from io.Reader = server
		if p.options.NoChunking || p.options.NoPipelining {
			reader := bufio.NewReader(server)
			from = io.MultiReader(&helloFilter{reader: reader, options: p.options}, reader)
		}
		p.pass(client, from, server)
	})
	both.Wait()
	p.mu.Lock()
	delete(p.open, client)
	delete(p.open, server)
	p.mu.Unlock()
}

// piece is what was read at once, and when it is to arrive.
type piece struct {
	text []byte
	due  time.Time
}

// pass carries bytes from one side to the other, each piece half a round trip after it was read. When source ends, so
// does the writing side of to.
func (p *Proxy) pass(to net.Conn, from io.Reader, source net.Conn) {
	delay := p.options.RoundTrip / 2
	pieces := make(chan piece, 4096)
	go func() {
		defer close(pieces)
		text := make([]byte, 64<<10)
		for {
			count, err := from.Read(text)
			if count > 0 {
				pieces <- piece{append([]byte(nil), text[:count]...), time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for next := range pieces {
		if wait := time.Until(next.due); delay > 0 && wait > 0 {
			time.Sleep(wait)
		}
		if _, err := to.Write(next.text); err != nil {
			_ = source.Close()
			for range pieces { // until the reader has noticed
			}
			return
		}
	}
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}

// helloFilter gives the server's words up to and including its first reply of several lines, without the lines hidden.
type helloFilter struct {
	reader  *bufio.Reader
	options ProxyOptions
	pending []byte
	over    bool
}

func (f *helloFilter) Read(into []byte) (int, error) {
	for len(f.pending) == 0 {
		if f.over {
			return 0, io.EOF
		}
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	count := copy(into, f.pending)
	f.pending = f.pending[count:]
	return count, nil
}

// next takes one whole reply.
func (f *helloFilter) next() error {
	var lines [][]byte
	for {
		line, err := f.reader.ReadBytes('\n')
		if err != nil {
			return err
		}
		if !hides(line, f.options.NoChunking, f.options.NoPipelining) {
			lines = append(lines, line)
		} else {
			f.over = true
		}
		if len(line) < 4 || line[3] != '-' {
			break
		}
		f.over = f.over || bytes.HasPrefix(line, []byte("250-"))
		if len(lines) > 100 {
			break
		}
	}
	if len(lines) > 0 {
		if last := lines[len(lines)-1]; len(last) > 3 {
			last[3] = ' '
		}
	}
	f.pending = bytes.Join(lines, nil)
	return nil
}
