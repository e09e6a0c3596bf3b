package dkim

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
)

// maxHeader bounds the header of a message of ours, in bytes.
const maxHeader = 64 << 10

// foundFields holds, at the place of its rule, each field that is present, with its fold lines and its last CRLF.
type foundFields [len(signedFields)][]byte

// findFields splits header into fields and picks those that are signed. It refuses what could be read in two ways.
func findFields(header []byte) (foundFields, error) {
	var found foundFields
	if len(header) > maxHeader {
		return found, fmt.Errorf("dkim: header has %d bytes, more than %d", len(header), maxHeader)
	}
	for number := 1; len(header) > 0; number++ {
		end, err := fieldEnd(header)
		if err != nil {
			return found, fmt.Errorf("dkim: header field %d: %w", number, err)
		}
		field := header[:end]
		header = header[end:]
		colon := bytes.IndexByte(field, ':')
		if colon < 1 || !isFieldName(field[:colon]) {
			return found, fmt.Errorf("dkim: header field %d has no name (RFC 5322 §2.2)", number)
		}
		place := ruleOf(field[:colon])
		if place < 0 {
			continue
		}
		if found[place] != nil {
			return found, fmt.Errorf("dkim: header field %s occurs twice", signedFields[place].name)
		}
		found[place] = field
	}
	if found[0] == nil {
		return found, errors.New("dkim: no From field (RFC 6376 §5.4: it must be signed)")
	}
	return found, nil
}

// fieldEnd is the length of the first field of header with its folded lines.
func fieldEnd(header []byte) (int, error) {
	for at := 0; ; {
		next := bytes.IndexByte(header[at:], '\n')
		if next < 0 {
			return 0, errors.New("its line does not end in CRLF")
		}
		line := header[at : at+next]
		if len(line) == 0 || line[len(line)-1] != '\r' || bytes.IndexByte(line, '\r') != len(line)-1 {
			return 0, errors.New("a bare CR or LF")
		}
		at += next + 1
		if at == len(header) || (header[at] != ' ' && header[at] != '\t') {
			return at, nil
		}
	}
}

// isFieldName says whether name is one or more printable ASCII characters without space or colon (RFC 5322 §2.2).
func isFieldName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

func ruleOf(name []byte) int {
	for i := range signedFields {
		if len(name) == len(signedFields[i].name) && equalFold(name, signedFields[i].name) {
			return i
		}
	}
	return -1
}

// equalFold compares ASCII of equal length without regard to case.
func equalFold(a []byte, b string) bool {
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// appendRelaxed appends a field in "relaxed" form without CRLF (RFC 6376 §3.4.2): name in lower case, unfolded, each
// run of white space one space, none at either end of the value.
func appendRelaxed(dst, field []byte) []byte {
	colon := bytes.IndexByte(field, ':')
	for _, c := range field[:colon] {
		dst = append(dst, lower(c))
	}
	dst = append(dst, ':')
	pending, begun := false, false
	for _, c := range field[colon+1:] {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			pending = begun
			continue
		}
		if pending {
			dst = append(dst, ' ')
			pending = false
		}
		dst = append(dst, c)
		begun = true
	}
	return dst
}

// hashBody is the SHA-256 of the canonical body.
func hashBody(form BodyForm, body []byte) ([sha256.Size]byte, error) {
	if lines := bytes.Count(body, []byte("\n")); lines != bytes.Count(body, []byte("\r")) || lines != bytes.Count(body, []byte("\r\n")) {
		return [sha256.Size]byte{}, errors.New("dkim: the body has a bare CR or LF")
	}
	if form == RelaxedBody {
		return hashRelaxed(body), nil
	}
	// RFC 6376 §3.4.3: empty lines at the end count as none; a body always ends in one CRLF, also an empty one.
	content := withoutEmptyEnd(body)
	if len(content) < len(body) {
		return sha256.Sum256(body[:len(content)+2]), nil
	}
	digest := sha256.New()
	digest.Write(content)
	digest.Write([]byte("\r\n"))
	return sum(digest), nil
}

// withoutEmptyEnd cuts all CRLF from the end.
func withoutEmptyEnd(body []byte) []byte {
	for bytes.HasSuffix(body, []byte("\r\n")) {
		body = body[:len(body)-2]
	}
	return body
}

// hashRelaxed follows RFC 6376 §3.4.4: runs of white space in a line are one space, none at its end; empty lines at the
// end count as none, and an empty body is no bytes at all.
func hashRelaxed(body []byte) [sha256.Size]byte {
	digest := sha256.New()
	block := make([]byte, 0, 1024)
	pending := 0 // empty lines not yet known to be inside
	for len(body) > 0 {
		line := body
		if end := bytes.IndexByte(body, '\n'); end >= 0 {
			line, body = body[:end-1], body[end+1:]
		} else {
			body = nil
		}
		if len(bytes.TrimLeft(line, " \t")) == 0 {
			pending++
			continue
		}
		for ; pending > 0; pending-- {
			block = append(block, '\r', '\n')
		}
		block = append(appendRelaxedLine(block, line), '\r', '\n')
		if len(block) > 512 {
			digest.Write(block)
			block = block[:0]
		}
	}
	digest.Write(block)
	return sum(digest)
}

func appendRelaxedLine(dst, line []byte) []byte {
	space := false
	for _, c := range line {
		if c == ' ' || c == '\t' {
			space = true
			continue
		}
		if space {
			dst = append(dst, ' ')
			space = false
		}
		dst = append(dst, c)
	}
	return dst
}

func sum(digest hash.Hash) (out [sha256.Size]byte) {
	digest.Sum(out[:0])
	return out
}
