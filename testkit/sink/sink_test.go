package sink_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"letterhead/testkit/sink"
)

// say talks to address as the lines say and gives all that came back.
func say(t *testing.T, address string, lines ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	heard, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(heard)
}

// TestKeeps uses the standard library's client, which is neither ours nor the server's.
func TestKeeps(t *testing.T) {
	t.Parallel()
	s, err := sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 3, MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(to, text string) {
		t.Helper()
		if err := smtp.SendMail(s.Address(), nil, "clinic@a.example", []string{to}, []byte("Subject: hello\r\nX-To: "+to+"\r\n\r\n"+text+"\r\n.dot\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	waited := make(chan error, 1)
	go func() { waited <- s.Wait(ctx, 5) }()
	for _, to := range []string{"a@b.example", "b@b.example", "c@b.example", "d@b.example", "e@b.example"} {
		put(to, "text")
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	list := s.List()
	if s.Count() != 5 || len(list) != 3 || list[0].ID != 3 || list[2].To != "e@b.example" || s.Connections() != 5 {
		t.Errorf("%d came, kept %+v", s.Count(), list)
	}
	if mail, ok := s.Get(4); !ok || mail.Header.Get("X-To") != "d@b.example" || mail.From != "clinic@a.example" || !strings.HasSuffix(string(mail.Raw), "\r\n\r\ntext\r\n.dot\r\n") {
		t.Errorf("message 4 is %+v, %v", mail, ok)
	}
	for _, id := range []int{0, 1, 2, 6, -1} {
		if mail, ok := s.Get(id); ok {
			t.Errorf("message %d is %+v", id, mail)
		}
	}
	put("f@b.example", strings.Repeat("long ", 300))
	if list := s.List(); len(list) != 1 || list[0].ID != 6 || s.Bytes() < 1500 {
		t.Errorf("kept %d within 1,000 bytes", len(list))
	}
	over, stop := context.WithCancelCause(context.Background())
	stop(errors.New("enough"))
	if err := s.Wait(over, 7); err == nil || err.Error() != "enough" {
		t.Errorf("waiting: %v", err)
	}
}

func TestStripping(t *testing.T) {
	t.Parallel()
	full, err := sink.ListenSMTP(sink.SMTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	script, err := sink.ListenScript(sink.Script{Offers: []string{"PIPELINING", "SIZE 5", "CHUNKING"}, Answers: map[string][]string{"EHLO": {"250-hello\r\n250-PIPELINING\r\n250-SIZE 5\r\n250 CHUNKING"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer script.Close()
	for _, options := range []sink.ProxyOptions{{}, {NoChunking: true}, {NoPipelining: true}, {NoChunking: true, NoPipelining: true}} {
		quiet, err := sink.ListenSMTP(sink.SMTPOptions{NoChunking: options.NoChunking, NoPipelining: options.NoPipelining})
		if err != nil {
			t.Fatal(err)
		}
		defer quiet.Close()
		addresses := []string{quiet.Address()}
		for _, target := range []string{full.Address(), script.Address()} {
			proxy, err := sink.ListenProxy(target, options)
			if err != nil {
				t.Fatal(err)
			}
			defer proxy.Close()
			addresses = append(addresses, proxy.Address())
		}
		for i, address := range addresses {
			heard := say(t, address, "EHLO me", "NOOP")
			if strings.Contains(heard, "CHUNKING") == options.NoChunking || strings.Contains(heard, "PIPELINING") == options.NoPipelining {
				t.Errorf("%+v, %d: %s", options, i, heard)
			}
			last := ""
			for line := range strings.SplitSeq(heard, "\r\n") {
				if strings.HasPrefix(last, "250-") && !strings.HasPrefix(line, "250") {
					t.Errorf("%+v, %d: the reply does not end: %q", options, i, heard)
				}
				last = line
			}
			if !strings.Contains(heard, "250 ") || !strings.Contains(heard, "SIZE") {
				t.Errorf("%+v, %d: %s", options, i, heard)
			}
		}
	}
}

// TestDelay: the round trip is added to each exchange, throughput is not limited.
func TestDelay(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go io.Copy(conn, conn)
		}
	}()
	const trip = 40 * time.Millisecond
	proxy, err := sink.ListenProxy(listener.Addr().String(), sink.ProxyOptions{RoundTrip: trip})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	conn, err := net.Dial("tcp", proxy.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	start := time.Now()
	for range 3 {
		io.WriteString(conn, "ping\n")
		if line, err := reader.ReadString('\n'); err != nil || line != "ping\n" {
			t.Fatal(line, err)
		}
	}
	if took := time.Since(start); took < 3*trip || took > 30*trip {
		t.Errorf("three exchanges took %v", took)
	}
	start = time.Now()
	const size = 8 << 20
	go conn.Write(make([]byte, size))
	if _, err := io.CopyN(io.Discard, reader, size); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < trip || took > 2*time.Second {
		t.Errorf("8 MiB there and back took %v", took)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	input, lines := io.Pipe()
	reports, output := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- sink.Serve(input, output, sink.SMTPOptions{Discard: true}) }()
	decoder := json.NewDecoder(reports)
	var report sink.Report
	if err := decoder.Decode(&report); err != nil || report.Address == "" || report.Count != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if err := smtp.SendMail(report.Address, nil, "a@b.example", []string{"c@d.example"}, []byte("Subject: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	io.WriteString(lines, "\n")
	if err := decoder.Decode(&report); err != nil || report.Count != 1 || report.Bytes != int64(len("Subject: x\r\n\r\n")) || report.CPU <= 0 {
		t.Errorf("%+v, %v", report, err)
	}
	lines.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "relay.example:25", "127.0.0.1"} {
		if s, err := sink.ListenSMTP(sink.SMTPOptions{Address: address}); err == nil {
			t.Errorf("%s: listens at %s", address, s.Address())
		}
	}
}
