package sink

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Script is an SMTP server that misbehaves as told, for tests of what a sender makes of it.
//
// Answers gives, for each step, what is answered in turn; the last one goes on. Steps are GREETING, EHLO, STARTTLS, AUTH,
// MAIL, RCPT, DATA, BDAT (the command itself, before its content is read; normally not answered), CONTENT (once 1,000 bytes of
// content were read), FINAL, RSET, QUIT. An answer is a reply without its CRLF ("450 4.2.0 later", "250-one\r\n250 two") or
//
//	"drop"     closes the connection
//	"silence"  says nothing until the other side closes
//	"drip …"   sends the rest a byte at a time, 20 ms apart
//	"endless"  sends reply lines that do not end
//	"long"     sends one line without end
//	"… drop"   answers, then closes
//
// The zero value with Offers set behaves.
type Script struct {
	Offers  []string // EHLO keywords
	Answers map[string][]string
	// Strict makes a second MAIL inside a transaction an error, and leaves a transaction open when its content is
	// refused for want of a recipient.
	Strict bool
	// OnlyFirst makes it forget what follows a command in the same packet: it does not do PIPELINING, whatever it offers.
	OnlyFirst bool
	TLS       bool // answer STARTTLS with TLS; one not in RootCAs if Untrusted
	Untrusted bool
}

// ScriptServer is a running Script.
type ScriptServer struct {
	script   Script
	listener net.Listener
	config   *tls.Config
	roots    *x509.CertPool

	mu       sync.Mutex
	taken    map[string]int
	mails    []Mail
	commands []string
	opened   int
	open     map[net.Conn]struct{}
	wait     sync.WaitGroup
}

// ListenScript starts a script on loopback.
func ListenScript(script Script) (*ScriptServer, error) {
	listener, err := listenLocal("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &ScriptServer{script: script, listener: listener, taken: map[string]int{}, open: map[net.Conn]struct{}{}}
	if script.TLS {
		certificate, roots, err := selfSigned()
		if err != nil {
			return nil, err
		}
		s.roots, s.config = roots, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	s.wait.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.opened++
			s.open[conn] = struct{}{}
			s.mu.Unlock()
			s.wait.Go(func() { s.serve(conn) })
		}
	})
	return s, nil
}

// Address is host:port.
func (s *ScriptServer) Address() string { return s.listener.Addr().String() }

// RootCAs holds the certificate of STARTTLS.
func (s *ScriptServer) RootCAs() *x509.CertPool { return s.roots }

// Mails are the messages it answered with 2xx after their content.
func (s *ScriptServer) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Commands are all lines it took for commands.
func (s *ScriptServer) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

// Connections is how many were opened.
func (s *ScriptServer) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// Close ends it and all its connections.
func (s *ScriptServer) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
	return err
}

// Play holds one conversation over conn, without a listener.
func (s Script) Play(conn net.Conn) {
	server := &ScriptServer{script: s, taken: map[string]int{}, open: map[net.Conn]struct{}{}}
	server.serve(conn)
}

// act is one conversation with a script.
type act struct {
	server   *ScriptServer
	conn     net.Conn
	reader   *bufio.Reader
	from, to string
	inMail   bool
	over     bool
}

func (s *ScriptServer) serve(conn net.Conn) {
	a := &act{server: s, conn: conn, reader: bufio.NewReader(conn)}
	defer func() {
		_ = a.conn.Close()
		s.mu.Lock()
		delete(s.open, conn)
		s.mu.Unlock()
	}()
	a.answer("GREETING", "220 script.localhost")
	for !a.over {
		line, err := a.reader.ReadString('\n')
		if err != nil {
			return
		}
		if s.script.OnlyFirst {
			_, _ = a.reader.Discard(a.reader.Buffered())
		}
		a.command(strings.TrimSpace(line))
	}
}

func (a *act) command(line string) {
	s := a.server
	s.mu.Lock()
	s.commands = append(s.commands, line)
	s.mu.Unlock()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "EHLO":
		a.answer("EHLO", "250-"+strings.Join(append([]string{"script.localhost"}, s.script.Offers...), "\r\n250-")+"\r\n250 HELP")
	case "STARTTLS":
		if a.answer("STARTTLS", "220 go") == 220 && s.config != nil {
			a.secure()
		}
	case "AUTH":
		a.answer("AUTH", "235 welcome")
	case "MAIL":
		if a.inMail && s.script.Strict {
			a.say("503 5.5.1 sender already given")
			return
		}
		if a.answer("MAIL", "250 2.1.0 ok")/100 == 2 {
			a.inMail, a.from, a.to = true, inAngles(rest), ""
		}
	case "RCPT":
		if !a.inMail {
			a.say("503 5.5.1 MAIL first")
		} else if a.answer("RCPT", "250 2.1.5 ok")/100 == 2 {
			a.to = inAngles(rest)
		}
	case "DATA":
		a.data()
	case "BDAT":
		a.chunk(rest)
	case "RSET":
		a.inMail, a.to = false, ""
		a.answer("RSET", "250 2.0.0 ok")
	case "QUIT":
		a.answer("QUIT", "221 2.0.0 bye")
		a.over = true
	default:
		a.say("500 5.5.2 what?")
	}
}

func (a *act) secure() {
	config := a.server.config
	if a.server.script.Untrusted {
		config = config.Clone()
		if certificate, _, err := selfSigned(); err == nil {
			config.Certificates = []tls.Certificate{certificate}
		}
	}
	secured := tls.Server(a.conn, config)
	if secured.Handshake() != nil {
		a.over = true
		return
	}
	a.conn, a.reader = secured, bufio.NewReader(secured)
}

func (a *act) data() {
	if a.to == "" {
		if a.server.script.Answers["DATA"] == nil {
			a.say("503 5.5.1 RCPT first")
			return
		}
	}
	if a.answer("DATA", "354 go on") != 354 {
		return
	}
	var content []byte
	for {
		line, err := a.reader.ReadBytes('\n')
		if err != nil {
			a.over = true
			return
		}
		if string(line) == ".\r\n" {
			break
		}
		content = append(content, bytes.TrimPrefix(line, []byte("."))...)
		if len(content) > 1000 && a.server.script.Answers["CONTENT"] != nil && a.answer("CONTENT", "") == 0 {
			return
		}
	}
	a.finish(content)
}

func (a *act) chunk(rest string) {
	fields := strings.Fields(rest)
	if a.server.script.Answers["BDAT"] != nil {
		a.answer("BDAT", "")
		return
	}
	size, err := strconv.Atoi(strings.Join(fields[:min(1, len(fields))], ""))
	if err != nil || size < 0 || size > 1<<24 {
		a.say("501 5.5.4 size?")
		return
	}
	if size > 1000 && a.server.script.Answers["CONTENT"] != nil {
		_, _ = io.CopyN(io.Discard, a.reader, 1000)
		a.answer("CONTENT", "")
		return
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(a.reader, content); err != nil {
		a.over = true
		return
	}
	if a.to == "" {
		a.inMail = a.inMail && a.server.script.Strict
		a.say("503 5.5.1 valid RCPT first")
		return
	}
	a.finish(content)
}

func (a *act) finish(content []byte) {
	from, to := a.from, a.to
	a.inMail, a.to = false, ""
	if code := a.answer("FINAL", "250 2.0.0 queued"); code/100 == 2 && to != "" {
		s := a.server
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mails = append(s.mails, Mail{ID: len(s.mails) + 1, At: time.Now(), From: from, To: to, Raw: content})
	}
}

// answer does what the script says for this step and gives the reply's code, 0 if the conversation is over.
func (a *act) answer(step, usual string) int {
	s := a.server
	s.mu.Lock()
	answers := s.script.Answers[step]
	text := usual
	if len(answers) > 0 {
		text = answers[min(s.taken[step], len(answers)-1)]
		s.taken[step]++
	}
	s.mu.Unlock()
	if text == "" {
		text = usual
	}
	text, dropping := strings.CutSuffix(text, " drop")
	drip, dripping := strings.CutPrefix(text, "drip ")
	switch {
	case text == "drop":
		a.over = true
		return 0
	case text == "silence":
		_, _ = io.Copy(io.Discard, a.reader)
		a.over = true
		return 0
	case text == "endless", text == "long":
		piece := map[string]string{"endless": "250-more\r\n", "long": "250-moremoremoremore"}[text]
		for range 100_000 {
			if _, err := io.WriteString(a.conn, piece); err != nil {
				break
			}
		}
		a.over = true
		return 0
	case dripping:
		for _, c := range []byte(drip + "\r\n") {
			if _, err := a.conn.Write([]byte{c}); err != nil {
				a.over = true
				return 0
			}
			time.Sleep(20 * time.Millisecond)
		}
		text = drip
	default:
		a.say(text)
	}
	a.over = a.over || dropping
	code, _ := strconv.Atoi(text[:min(3, len(text))])
	return code
}

func (a *act) say(text string) {
	if _, err := io.WriteString(a.conn, text+"\r\n"); err != nil {
		a.over = true
	}
}

func inAngles(text string) string {
	_, text, _ = strings.Cut(text, "<")
	text, _, _ = strings.Cut(text, ">")
	return text
}
