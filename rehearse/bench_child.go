package rehearse

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"letterhead/testkit/bare"
	"letterhead/testkit/sink"
)

// childTime bounds every process that the bench starts.
const childTime = 10 * time.Minute

// used is what a process took.
type used struct {
	elapsed time.Duration
	cpu     time.Duration // user and system
	memory  int64         // bytes, at most; 0 where /proc does not tell
	out     []byte
}

// child is the program with a command, in a process of its own.
type child struct {
	command *exec.Cmd
	cancel  context.CancelFunc
	out     bytes.Buffer
	errs    bytes.Buffer
	began   time.Time
	peak    chan int64
	end     chan struct{}
}

// start starts a command of the program on a data folder. It ends with ctx, by kill.
func (b *bench) start(ctx context.Context, folder string, args ...string) (*child, error) {
	ctx, cancel := context.WithTimeout(ctx, childTime)
	c := &child{cancel: cancel, peak: make(chan int64, 1), end: make(chan struct{})}
	c.command = b.process(ctx, folder, args...)
	c.command.Stdout, c.command.Stderr = &c.out, &c.errs
	c.began = time.Now()
	if err := c.command.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("start letterhead %s: %w", args[0], err)
	}
	go c.watch()
	return c, nil
}

func (b *bench) process(ctx context.Context, folder string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, b.Command[0], append(b.Command[1:len(b.Command):len(b.Command)], args...)...)
	command.Env = append(os.Environ(), "LETTERHEAD_DATA="+folder, "LETTERHEAD_DATABASE=", "LETTERHEAD_KEY_FILE=")
	return command
}

// watch reads the highest memory that the process ever had. What the kernel tells after its end would be of this process too, from before exec.
func (c *child) watch() {
	path := filepath.Join("/proc", strconv.Itoa(c.command.Process.Pid), "status")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		if raw, err := os.ReadFile(path); err == nil {
			if _, rest, ok := strings.Cut(string(raw), "VmHWM:"); ok {
				if kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err == nil {
					peak = max(peak, kilobytes<<10)
				}
			}
		}
		select {
		case <-c.end:
			c.peak <- peak
			return
		case <-tick.C:
		}
	}
}

// wait waits for its end, which must be a good one.
func (c *child) wait() (used, error) {
	err := c.command.Wait()
	u := used{elapsed: time.Since(c.began), out: c.out.Bytes()}
	close(c.end)
	c.cancel()
	u.memory = <-c.peak
	if state := c.command.ProcessState; state != nil {
		u.cpu = state.UserTime() + state.SystemTime()
	}
	if err != nil {
		text := c.errs.String()
		err = fmt.Errorf("letterhead %s: %w\n%s", strings.Join(c.command.Args[1:], " "), err, text[max(0, len(text)-2000):])
	}
	return u, err
}

// terminate asks it to end.
func (c *child) terminate() error { return c.command.Process.Signal(syscall.SIGTERM) }

func (b *bench) runChild(ctx context.Context, folder string, args ...string) (used, error) {
	c, err := b.start(ctx, folder, args...)
	if err != nil {
		return used{}, err
	}
	return c.wait()
}

// sinkOptions are what a sink process is told.
type sinkOptions struct{ noChunking, noPipelining, tls bool }

func (b *bench) sink(ctx context.Context, o sinkOptions) (*sink.Process, error) {
	args := []string{"bench", "--sink"}
	for flag, on := range map[string]bool{"--no-chunking": o.noChunking, "--no-pipelining": o.noPipelining, "--tls": o.tls} {
		if on {
			args = append(args, flag)
		}
	}
	return sink.Spawn(b.process(ctx, b.folder, args...))
}

// ServeSink is the body of a process that counts what it is given until its input ends.
func ServeSink(in io.Reader, out io.Writer, noChunking, noPipelining, tls bool) error {
	return sink.Serve(in, out, sink.SMTPOptions{Discard: true, NoChunking: noChunking, NoPipelining: noPipelining, TLS: tls})
}

// BareRun is what the process of the bare client is told and, with its last two fields, tells.
type BareRun struct {
	Address  string
	Means    bare.Means
	Count    int
	Messages string // file
	Took     time.Duration
	CPU      time.Duration // while it sent
}

const (
	bareConnections = 10
	bareWindow      = 16 // as the courier's
)

// ServeBare is the body of the bare client's process: JSON in, JSON out.
func ServeBare(ctx context.Context, in io.Reader, out io.Writer) error {
	var run BareRun
	if err := json.NewDecoder(in).Decode(&run); err != nil {
		return fmt.Errorf("read what to send: %w", err)
	}
	file, err := os.Open(run.Messages)
	if err != nil {
		return err
	}
	defer file.Close()
	var messages []bare.Message
	if err := gob.NewDecoder(file).Decode(&messages); err != nil {
		return fmt.Errorf("read the messages: %w", err)
	}
	sender, err := bare.New(run.Address, run.Means, bareConnections, bareWindow, messages)
	if err != nil {
		return err
	}
	before := sink.CPU()
	if run.Took, err = sender.Run(ctx, run.Count); err != nil {
		return err
	}
	run.CPU = sink.CPU() - before
	return json.NewEncoder(out).Encode(run)
}

// bareSends has the bare client send the captured bytes.
func (b *bench) bareSends(ctx context.Context, run BareRun) (BareRun, error) {
	ctx, cancel := context.WithTimeout(ctx, childTime)
	defer cancel()
	command := b.process(ctx, b.folder, "bench", "--bare")
	raw, err := json.Marshal(run)
	if err != nil {
		return run, err
	}
	var errs bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(raw), &errs
	out, err := command.Output()
	if err != nil {
		return run, fmt.Errorf("the bare client: %w: %s", err, errs.String())
	}
	return run, json.Unmarshal(out, &run)
}

// expected compares a sink's count.
func expected(p *sink.Process, want int) (sink.Report, error) {
	report, err := p.Report()
	if err == nil && report.Count != want {
		err = fmt.Errorf("the sink has %d messages instead of %d", report.Count, want)
	}
	return report, err
}

func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
