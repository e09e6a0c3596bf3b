// Package socket is the way to tell a courier to stop when everything else is in doubt: the database, the pages, the network.
//
// Every process that delivers listens on a unix socket of its own in the courier's folder, for those alone who may enter that folder (mode 0600, in
// a folder of mode 0700). One line of JSON comes, one line goes back, and the connection ends. It can stop, and say how things are; it cannot
// lift, send, or read a message.
//
// Promises: what it was told to stop is answered when the courier's journal has it on disk; a line too long, too slow or not understood
// is answered with what is wrong; at most a handful of callers are served at once.
//
// Never: the database; a name, an address or a text in an answer.
package socket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"letterhead/fault"
)

// Request is what is asked: status, or stop with what and why.
type Request struct {
	Do       string `json:"do"`
	ID       string `json:"id,omitempty"` // of the stop, so that all who are told note the same; made when empty
	Practice string `json:"practice,omitempty"`
	Scope    string `json:"scope,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// The requests.
const (
	Status = "status"
	Stop   = "stop"
)

// Answer is what a courier says.
type Answer struct {
	Error   string   `json:"error,omitempty"`
	Process string   `json:"process,omitempty"`
	Why     string   `json:"why,omitempty"`     // nothing is sent
	Stopped []Open   `json:"stopped,omitempty"` // what its journal has as stopped, the latest 100
	Stops   int      `json:"stops"`             // how many there are
	Begun   []Handed `json:"begun,omitempty"`   // hand-offs that began in the last minute, the latest 200, of all couriers of the folder
	Handed  int      `json:"handed"`            // how many there are
}

// Open is a stop.
type Open struct {
	ID       string    `json:"id"`
	Practice string    `json:"practice,omitempty"`
	Scope    string    `json:"scope"`
	Subject  string    `json:"subject,omitempty"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
}

// Handed is a message whose first byte has left, or was about to.
type Handed struct {
	Practice string    `json:"practice"`
	Message  string    `json:"message"`
	At       time.Time `json:"at"`
	State    string    `json:"state"` // as the relay's answer made it; "begun" while there is none
}

// ErrNobody is returned when no courier runs in a folder.
var ErrNobody = fault.New(fault.Unavailable, "socket.nobody", "no courier runs in this data folder")

// Bounds.
const (
	mostRequest = 4 << 10
	mostAnswer  = 256 << 10
	atOnce      = 4
	within      = 5 * time.Second
	most        = 64 // couriers that are asked
	mostID      = 64

	// MostOpen and MostBegun are how many stops and hand-offs fit into an answer.
	MostOpen  = 100
	MostBegun = 200

	prefix, suffix = "stop-", ".sock"
	longest        = 100 // bytes of a path that every system takes in a socket's address
)

// Serve answers on a socket in a folder, named after the process, until ctx ends.
func Serve(ctx context.Context, folder, process string, answer func(context.Context, Request) Answer) error {
	path := filepath.Join(folder, prefix+process+suffix)
	sweep(ctx, folder)
	listener, err := listen(path)
	if err != nil {
		return fmt.Errorf("listen on the courier's socket: %w", err)
	}
	defer os.Remove(path)
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var wait sync.WaitGroup
	defer wait.Wait()
	places := make(chan struct{}, atOnce)
	for {
		connection, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("the courier's socket: %w", err)
		}
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			serve(ctx, connection, answer)
		})
	}
}

// sweep removes the sockets of processes that died: they got their names when they listened, so nobody listens where a call is refused.
func sweep(ctx context.Context, folder string) {
	paths, err := filepath.Glob(filepath.Join(folder, prefix+"*"+suffix))
	if err != nil {
		return
	}
	for _, path := range paths {
		connection, err := dial(ctx, path)
		if err == nil {
			_ = connection.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			_ = os.Remove(path) // one that stays does no harm
		}
	}
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	address, done, err := short(path)
	if err != nil {
		return nil, err
	}
	defer done()
	return (&net.Dialer{Timeout: within}).DialContext(ctx, "unix", address)
}

// listen binds a socket that nobody but its owner may use, from its first instant on: it gets its name when it has its mode.
func listen(path string) (net.Listener, error) {
	unfinished := path + ".new"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	address, done, err := short(unfinished)
	if err != nil {
		return nil, err
	}
	defer done()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	if err = os.Chmod(unfinished, 0o600); err == nil {
		err = os.Rename(unfinished, path)
	}
	if err != nil {
		return nil, errors.Join(err, listener.Close(), os.Remove(unfinished))
	}
	return listener, nil
}

// short is an address for a path that may be longer than a socket's address: by way of the open folder.
func short(path string) (address string, done func(), err error) {
	if len(path) <= longest {
		return path, func() {}, nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return "/proc/self/fd/" + strconv.Itoa(int(folder.Fd())) + "/" + filepath.Base(path), func() { _ = folder.Close() }, nil
}

func serve(ctx context.Context, connection net.Conn, answer func(context.Context, Request) Answer) {
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(within)); err != nil {
		return
	}
	var out Answer
	request, err := read(connection)
	if err != nil {
		out.Error = err.Error()
	} else {
		ctx, cancel := context.WithTimeout(ctx, within)
		out = answer(ctx, request)
		cancel()
	}
	raw, err := json.Marshal(out)
	if err == nil {
		_, _ = connection.Write(append(raw, '\n')) // who does not listen learns nothing
	}
}

// read takes one line.
func read(from io.Reader) (Request, error) {
	var r Request
	line, err := bufio.NewReader(io.LimitReader(from, mostRequest+1)).ReadBytes('\n')
	if err != nil {
		return r, fault.New(fault.Invalid, "socket.line", fmt.Sprintf("write one line of JSON, of at most %d bytes", mostRequest))
	}
	err = parse(line, &r)
	return r, err
}

func parse(line []byte, r *Request) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil || decoder.More() {
		return fault.New(fault.Invalid, "socket.json", `write {"do":"status"} or {"do":"stop","practice":"","scope":"platform","subject":"","reason":"…"}`)
	}
	if r.Do != Status && r.Do != Stop {
		return fault.Field("do", "socket.do", "do is status or stop")
	}
	if len(r.ID) > mostID || strings.Trim(r.ID, "0123456789abcdefghijklmnopqrstuvwxyz-") != "" {
		return fault.Field("id", "socket.id", "an id has up to %d letters in lower case, digits and hyphens", mostID)
	}
	return nil
}

// Ask puts a request to every courier of a folder and returns those answers that came. None at all is an error.
func Ask(ctx context.Context, folder string, request Request) ([]Answer, error) {
	paths, err := filepath.Glob(filepath.Join(folder, prefix+"*"+suffix))
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if len(raw) >= mostRequest {
		return nil, fault.Field("reason", "socket.long", "that is too long")
	}
	var answers []Answer
	for _, path := range paths[:min(len(paths), most)] {
		answer, err := ask(ctx, path, append(raw, '\n'))
		if err != nil {
			continue // of a process that died; others may live
		}
		answers = append(answers, answer)
	}
	if len(answers) == 0 {
		return nil, ErrNobody
	}
	return answers, nil
}

func ask(ctx context.Context, path string, line []byte) (answer Answer, err error) {
	connection, err := dial(ctx, path)
	if err != nil {
		return answer, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(within)); err != nil {
		return answer, err
	}
	if _, err := connection.Write(line); err != nil {
		return answer, err
	}
	return answer, json.NewDecoder(io.LimitReader(connection, mostAnswer)).Decode(&answer)
}
