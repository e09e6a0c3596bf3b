// Package serving runs the program in a process of its own and knows where it answers and what it logs. On Linux that process ends with this one,
// also where this one is killed.
package serving

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startsIn = 20 * time.Second
	endsIn   = 10 * time.Second
	maxLog   = 1 << 20 // bytes kept of its log
)

var address = regexp.MustCompile(`http://localhost:\d+`)

// Process is the program, serving.
type Process struct {
	Pages string // http://localhost:PORT
	Desk  string

	command *exec.Cmd
	ended   chan error
	mu      sync.Mutex
	log     bytes.Buffer
}

// Start starts letterhead serve and waits until it says where its pages and its desk are.
func Start(command *exec.Cmd) (*Process, error) {
	p := &Process{command: command, ended: make(chan error, 1)}
	command.Stderr = p
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	dieTogether(command)
	started, said := make(chan error), make(chan string, 16)
	go func() {
		runtime.LockOSThread() // its end is this thread's end, which lives as long
		err := command.Start()
		if started <- err; err != nil {
			return
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if at := address.FindString(lines.Text()); at != "" {
				said <- at
			}
		}
		p.ended <- command.Wait()
		close(said)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start letterhead serve: %w", err)
	}
	limit := time.NewTimer(startsIn)
	defer limit.Stop()
	for _, into := range []*string{&p.Pages, &p.Desk} {
		select {
		case at, ok := <-said:
			if !ok {
				return nil, fmt.Errorf("letterhead serve ended: %s", p.last())
			}
			*into = at
		case <-limit.C:
			return nil, errors.Join(errors.New("letterhead serve did not say where it answers"), command.Process.Kill())
		}
	}
	go func() {
		for range said { // what else it says
		}
	}()
	return p, nil
}

// Write keeps the program's log.
func (p *Process) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log.Len() < maxLog {
		p.log.Write(line)
	}
	return len(line), nil
}

// Log is what it logged, line by line.
func (p *Process) Log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Split(strings.TrimSpace(p.log.String()), "\n")
}

func (p *Process) last() string {
	lines := p.Log()
	return lines[len(lines)-1]
}

// Stop asks it to end and waits until it has.
func (p *Process) Stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-p.ended:
		return err
	case <-time.After(endsIn):
		return errors.Join(errors.New("letterhead serve did not end"), p.command.Process.Kill())
	}
}
