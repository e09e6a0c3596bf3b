// Package bare is the yardstick of `letterhead bench`: the least program that hands over the same bytes by the same means.
//
// Everything is rendered before the clock starts: envelopes, content, dot-stuffing, BDAT lines. What is left is writing
// and reading: no TLS, no journal, no outcome beyond counting positive replies, no deadline, no recovery. Means are the three that
// courier/smtp has: CHUNKING with a window of messages in flight, PIPELINING with content and next envelope in one write,
// and one command at a time. It ends at the first negative reply: a yardstick that fails is none.
//
// It is for measuring only and never part of the way of a message.
package bare

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Means is how messages are handed over.
type Means string

// The three means.
const (
	Chunking   Means = "chunking"
	Pipelining Means = "pipelining"
	Neither    Means = "neither"
)

// Message is one message, as courier/smtp takes it.
type Message struct {
	From, To string
	Content  []byte // lines end in CRLF
}

// rendered is a message in the bytes that go on the wire.
type rendered struct {
	mail, rcpt []byte // commands
	envelope   []byte // mail, rcpt and DATA
	stuffed    []byte // content for DATA, with its end
	chunk      []byte // mail, rcpt, BDAT and content
}

// Sender holds messages rendered beforehand.
type Sender struct {
	address     string
	means       Means
	connections int
	window      int
	messages    []rendered
}

// New renders the messages. Run may send more than there are: it starts again at the first.
func New(address string, means Means, connections, window int, messages []Message) (*Sender, error) {
	if connections < 1 || window < 1 || len(messages) == 0 {
		return nil, errors.New("bare: at least one connection, message and place in the window are needed")
	}
	s := &Sender{address: address, means: means, connections: connections, window: window}
	for _, message := range messages {
		size := strconv.Itoa(len(message.Content))
		r := rendered{mail: []byte("MAIL FROM:<" + message.From + "> SIZE=" + size + "\r\n"), rcpt: []byte("RCPT TO:<" + message.To + ">\r\n")}
		switch means {
		case Chunking:
			r.chunk = bytes.Join([][]byte{r.mail, r.rcpt, []byte("BDAT " + size + " LAST\r\n"), message.Content}, nil)
		case Pipelining, Neither:
			r.envelope = bytes.Join([][]byte{r.mail, r.rcpt, []byte("DATA\r\n")}, nil)
			r.stuffed = bytes.ReplaceAll(append([]byte("\r\n"), message.Content...), []byte("\n."), []byte("\n.."))
			r.stuffed = append(r.stuffed[2:], ".\r\n"...)
		default:
			return nil, fmt.Errorf("bare: means %q is not known", means)
		}
		s.messages = append(s.messages, r)
	}
	return s, nil
}

// Run sends count messages over all connections and says how long it took, connecting not counted.
func (s *Sender) Run(ctx context.Context, count int) (time.Duration, error) {
	links := make([]*link, s.connections)
	for i := range links {
		l, err := open(ctx, s.address)
		if err != nil {
			return 0, err
		}
		defer l.conn.Close()
		links[i] = l
	}
	var next atomic.Int64
	take := func() *rendered {
		place := next.Add(1) - 1
		if place >= int64(count) || ctx.Err() != nil {
			return nil
		}
		return &s.messages[int(place)%len(s.messages)]
	}
	faults := make(chan error, len(links))
	start := time.Now()
	var all sync.WaitGroup
	for _, l := range links {
		all.Go(func() {
			var err error
			switch s.means {
			case Chunking:
				err = l.chunks(take, s.window)
			case Pipelining:
				err = l.pipeline(take)
			default:
				err = l.steps(take)
			}
			faults <- err
		})
	}
	all.Wait()
	took := time.Since(start)
	close(faults)
	err := ctx.Err()
	for fault := range faults {
		err = errors.Join(err, fault)
	}
	return took, err
}

type link struct {
	conn   net.Conn
	reader *bufio.Reader
	out    []byte
}

func open(ctx context.Context, address string) (*link, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("bare: %w", err)
	}
	l := &link{conn: conn, reader: bufio.NewReader(conn)}
	if err = l.expect(2); err == nil {
		err = l.ask([]byte("EHLO [127.0.0.1]\r\n"), 2)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return l, nil
}

// expect reads replies, each of which must begin with the digit given.
func (l *link) expect(digits ...byte) error {
	for _, digit := range digits {
		for {
			line, err := l.reader.ReadSlice('\n')
			if err != nil {
				return fmt.Errorf("bare: %w", err)
			}
			if len(line) < 4 || line[0] != '0'+digit {
				return fmt.Errorf("bare: answer %.3q instead of %dxx", line, digit)
			}
			if line[3] != '-' {
				break
			}
		}
	}
	return nil
}

func (l *link) ask(text []byte, digits ...byte) error {
	if _, err := l.conn.Write(text); err != nil {
		return fmt.Errorf("bare: %w", err)
	}
	return l.expect(digits...)
}

// chunks keeps up to window messages in flight, filled again when half of them are answered.
func (l *link) chunks(take func() *rendered, window int) error {
	flying := 0
	for over := false; ; {
		if !over && flying <= window/2 && (flying == 0 || l.reader.Buffered() == 0) {
			l.out = l.out[:0]
			for ; flying < window; flying++ {
				message := take()
				if message == nil {
					over = true
					break
				}
				l.out = append(l.out, message.chunk...)
			}
			if _, err := l.conn.Write(l.out); err != nil {
				return fmt.Errorf("bare: %w", err)
			}
		}
		if flying == 0 {
			return nil
		}
		if err := l.expect(2, 2, 2); err != nil {
			return err
		}
		flying--
	}
}

// pipeline writes the content of one message and the envelope of the next together.
func (l *link) pipeline(take func() *rendered) error {
	message := take()
	if message == nil {
		return nil
	}
	if err := l.ask(message.envelope, 2, 2, 3); err != nil {
		return err
	}
	for {
		l.out = append(l.out[:0], message.stuffed...)
		next := take()
		if next == nil {
			return l.ask(l.out, 2)
		}
		l.out = append(l.out, next.envelope...)
		if err := l.ask(l.out, 2, 2, 2, 3); err != nil {
			return err
		}
		message = next
	}
}

func (l *link) steps(take func() *rendered) error {
	for message := take(); message != nil; message = take() {
		for _, step := range []struct {
			text  []byte
			digit byte
		}{{message.mail, 2}, {message.rcpt, 2}, {[]byte("DATA\r\n"), 3}, {message.stuffed, 2}} {
			if err := l.ask(step.text, step.digit); err != nil {
				return err
			}
		}
	}
	return nil
}
