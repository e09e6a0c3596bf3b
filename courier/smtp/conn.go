package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"time"
)

// maxKeptBuffer: after a larger write its buffer is let go.
const maxKeptBuffer = 256 << 10

// Conn is one connection to a relay, to be used by one goroutine at a time.
type Conn struct {
	options Options
	plain   net.Conn // what was dialled
	wire    net.Conn // plain, or TLS over it
	reader  *bufio.Reader

	offers  Offers
	out     []byte // to be written next
	queued  int64  // stream position after out
	written int64  // stream position up to which the kernel has taken bytes

	carried    int  // messages whose envelope was sent
	proven     bool // BDAT was answered with sense on this connection
	needsReset bool // a transaction may be open: RSET first
	broken     bool
	lastUsed   time.Time
	// badChunking: the relay offers CHUNKING and does not understand it.
	badChunking bool

	deadline sync.Mutex
	cutoff   time.Time // after the context was cancelled: no deadline goes beyond
}

// Offers is what the relay said in its answer to EHLO.
type Offers struct {
	StartTLS, Pipelining, Chunking, EightBitMIME, Size bool
	MaxSize                                            int64 // 0: not said
	AuthPlain, AuthLogin                               bool
}

// Offers is what the relay offers on this connection.
func (c *Conn) Offers() Offers { return c.offers }

// TLS is the state of TLS, false without it.
func (c *Conn) TLS() (tls.ConnectionState, bool) {
	if secured, ok := c.wire.(*tls.Conn); ok {
		return secured.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// Usable says whether Send may be tried on this connection.
func (c *Conn) Usable() bool {
	return !c.broken && c.carried < c.options.MessagesPerConn && time.Since(c.lastUsed) < c.options.IdleLimit
}

// Close ends the connection, with QUIT if it is in order, without waiting for the answer.
func (c *Conn) Close() error {
	if !c.broken {
		c.broken = true
		_ = c.wire.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.wire.Write([]byte("QUIT\r\n"))
	}
	return c.wire.Close()
}

// abandon closes without a word: after a fault, or inside DATA, where QUIT would be content.
func (c *Conn) abandon() {
	c.broken = true
	_ = c.plain.Close()
}

// use sets the connection to be cut by ctx; the function returned ends that.
func (c *Conn) use(ctx context.Context, grace time.Duration) (release func()) {
	c.deadline.Lock()
	c.cutoff = time.Time{}
	c.deadline.Unlock()
	stop := context.AfterFunc(ctx, func() {
		c.deadline.Lock()
		defer c.deadline.Unlock()
		c.cutoff = time.Now().Add(grace)
		_ = c.plain.SetDeadline(c.cutoff)
	})
	return func() {
		if !stop() { // cancelled: the deadline may still be about to be set
			_ = c.Close()
		}
	}
}

// await gives reads and writes from now on this long.
func (c *Conn) await(wait time.Duration) {
	until := time.Now().Add(wait)
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if !c.cutoff.IsZero() && c.cutoff.Before(until) {
		until = c.cutoff
	}
	_ = c.plain.SetDeadline(until)
}

// put appends to what is written next.
func (c *Conn) put(parts ...string) {
	for _, part := range parts {
		c.out = append(c.out, part...)
		c.queued += int64(len(part))
	}
}

// putCount appends a number.
func (c *Conn) putCount(number int) {
	before := len(c.out)
	c.out = strconv.AppendInt(c.out, int64(number), 10)
	c.queued += int64(len(c.out) - before)
}

// flush writes what was put, counting what the kernel (under TLS: whole records) has taken.
func (c *Conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	c.await(c.options.DataTimeout)
	count, err := c.wire.Write(c.out)
	c.written += int64(count)
	c.out = c.out[:0]
	if cap(c.out) > maxKeptBuffer {
		c.out = nil
	}
	if err != nil {
		c.abandon()
	}
	return err
}

// reply reads the next reply; the whole of it has to come within wait.
func (c *Conn) reply(wait time.Duration, keep bool) (Reply, error) {
	return c.replyEach(wait, keep, nil)
}

func (c *Conn) replyEach(wait time.Duration, keep bool, each func([]byte)) (Reply, error) {
	if !c.replyIsHere() {
		c.await(wait)
	}
	reply, err := readReply(c.reader, keep, each)
	if err != nil {
		c.abandon()
		return Reply{}, err
	}
	if reply.Code == 421 { // RFC 5321 §3.8: the relay closes, whatever was asked
		c.abandon()
	}
	return reply, nil
}

// replyIsHere says whether a whole reply has been received already.
func (c *Conn) replyIsHere() bool {
	received, _ := c.reader.Peek(c.reader.Buffered())
	for {
		end := bytes.IndexByte(received, '\n')
		if end < 0 {
			return false
		}
		if end < 4 || received[3] != '-' {
			return true
		}
		received = received[end+1:]
	}
}

// command sends one command and reads its reply.
func (c *Conn) command(stage Stage, parts ...string) (Reply, error) {
	c.put(parts...)
	c.put("\r\n")
	if err := c.flush(); err != nil {
		return Reply{}, &Error{Stage: stage, Temporary: true, Err: err}
	}
	reply, err := c.reply(c.options.CommandTimeout, true)
	if err != nil {
		return Reply{}, &Error{Stage: stage, Temporary: true, Err: err}
	}
	return reply, nil
}
