package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

const (
	maxReplyLine  = 2048 // bytes; RFC 5321 §4.5.3.1.5 asks for 512, some relays exceed it
	maxReplyLines = 128
	maxReplyText  = 512 // characters of Reply.Text
)

// Reply is what the relay said.
type Reply struct {
	Code     int    // RFC 5321 §4.2
	Enhanced [3]int // RFC 3463, zero if the relay gave none
	// Text is the relay's own wording, at most 512 printable ASCII characters. It may hold the recipient's address.
	Text string
}

// String is code and status without the relay's wording.
func (r Reply) String() string {
	if r.Enhanced[0] == 0 {
		return strconv.Itoa(r.Code)
	}
	return fmt.Sprintf("%d %d.%d.%d", r.Code, r.Enhanced[0], r.Enhanced[1], r.Enhanced[2])
}

func (r Reply) positive() bool  { return r.Code/100 == 2 }
func (r Reply) temporary() bool { return r.Code/100 == 4 }

// readReply reads one reply of any number of lines. The text is kept of negative replies and when keep is set; each, if
// given, gets every line's text, valid during the call.
func readReply(reader *bufio.Reader, keep bool, each func(text []byte)) (Reply, error) {
	var reply Reply
	var text []byte
	for range maxReplyLines {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				return Reply{}, protocolError("a line longer than %d bytes", maxReplyLine)
			}
			return Reply{}, err
		}
		code, last, rest, ok := splitReplyLine(line)
		if !ok {
			return Reply{}, protocolError("a line that is no reply")
		}
		if reply.Code == 0 {
			reply.Code = code
			reply.Enhanced, _ = splitEnhanced(code, rest)
		} else if code != reply.Code {
			return Reply{}, protocolError("codes %d and %d in one reply", reply.Code, code)
		}
		if each != nil {
			each(rest)
		}
		if keep || code >= 400 {
			_, rest = splitEnhanced(code, rest)
			text = appendPrintable(text, rest)
		}
		if last {
			reply.Text = string(text)
			return reply, nil
		}
	}
	return Reply{}, protocolError("a reply of more than %d lines", maxReplyLines)
}

// splitReplyLine takes "250-text CRLF" apart (RFC 5321 §4.2.1). A bare LF is accepted as end.
func splitReplyLine(line []byte) (code int, last bool, text []byte, ok bool) {
	line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
	if len(line) < 3 {
		return 0, false, nil, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false, nil, false
		}
		code = code*10 + int(c-'0')
	}
	if code < 200 || code > 599 {
		return 0, false, nil, false
	}
	if len(line) == 3 {
		return code, true, nil, true
	}
	switch line[3] {
	case ' ':
		return code, true, line[4:], true
	case '-':
		return code, false, line[4:], true
	}
	return 0, false, nil, false
}

// splitEnhanced takes an enhanced status code (RFC 2034 §4) off the front of text; its class must agree with the code.
func splitEnhanced(code int, text []byte) (status [3]int, rest []byte) {
	at := 0
	for part := range status {
		start := at
		for at < len(text) && text[at] >= '0' && text[at] <= '9' && at-start < 3 {
			status[part] = status[part]*10 + int(text[at]-'0')
			at++
		}
		if at == start {
			return [3]int{}, text
		}
		if part < 2 {
			if at == len(text) || text[at] != '.' {
				return [3]int{}, text
			}
			at++
		}
	}
	if (at < len(text) && text[at] != ' ') || status[0] != code/100 {
		return [3]int{}, text
	}
	return status, bytes.TrimLeft(text[at:], " ")
}

// appendPrintable adds a line to the text, one space between lines, within the bound.
func appendPrintable(text, line []byte) []byte {
	if len(text) > 0 && len(line) > 0 && len(text) < maxReplyText {
		text = append(text, ' ')
	}
	for _, c := range line {
		if len(text) >= maxReplyText {
			break
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		text = append(text, c)
	}
	return text
}
