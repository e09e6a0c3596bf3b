package sink

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Report is what a sink in a process of its own tells: a line of JSON at its start and for every line it is sent.
type Report struct {
	Address     string        `json:"address"`
	Count       int           `json:"count"`
	Bytes       int64         `json:"bytes"`
	Connections int           `json:"connections"`
	CPU         time.Duration `json:"cpu_ns"`                // of the process since its start
	Certificate string        `json:"certificate,omitempty"` // PEM; "" without TLS
}

// CPU is the CPU time of this process, user and system, since its start; 0 where that cannot be known.
func CPU() time.Duration { return processCPU() }

// Serve runs a sink until input ends, reporting on output. It is the body of a process that Spawn started.
func Serve(input io.Reader, output io.Writer, options SMTPOptions) error {
	s, err := ListenSMTP(options)
	if err != nil {
		return err
	}
	defer s.Close()
	encoder := json.NewEncoder(output)
	lines := bufio.NewScanner(input)
	for {
		count, size := s.shelf.totals()
		if err := encoder.Encode(Report{s.Address(), count, size, s.Connections(), processCPU(), string(s.Certificate())}); err != nil {
			return err
		}
		if !lines.Scan() {
			return lines.Err()
		}
	}
}

// Process is a sink in a process of its own.
type Process struct {
	command *exec.Cmd
	input   io.WriteCloser
	output  *json.Decoder
	first   Report
}

// Spawn starts command, which must call Serve with its standard input and output.
func Spawn(command *exec.Cmd) (*Process, error) {
	input, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("sink: %w", err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("sink: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("sink: %w", err)
	}
	p := &Process{command: command, input: input, output: json.NewDecoder(output)}
	if err := p.output.Decode(&p.first); err != nil {
		return nil, errors.Join(fmt.Errorf("sink: the process does not report: %w", err), p.Close())
	}
	return p, nil
}

// Address is host:port.
func (p *Process) Address() string { return p.first.Address }

// Certificate is the sink's own in PEM, "" without TLS.
func (p *Process) Certificate() string { return p.first.Certificate }

// Report asks for the counts of now.
func (p *Process) Report() (Report, error) {
	var report Report
	if _, err := io.WriteString(p.input, "\n"); err != nil {
		return report, fmt.Errorf("sink: asking the process: %w", err)
	}
	if err := p.output.Decode(&report); err != nil {
		return report, fmt.Errorf("sink: asking the process: %w", err)
	}
	return report, nil
}

// Close ends the process and waits for it.
func (p *Process) Close() error {
	return errors.Join(p.input.Close(), p.command.Wait())
}
