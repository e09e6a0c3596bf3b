package smtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
)

const maxLine = 998 // characters without CRLF, RFC 5322 §2.1.1

var (
	errBareLine = errors.New("the content has a bare CR or LF")
	errLongLine = errors.New("the content has a line of more than 998 characters")
	errNUL      = errors.New("the content has a NUL")
	errNoText   = errors.New("the content is empty")
)

// content is what a look through a message's segments finds.
type content struct {
	size     int  // bytes on the wire without dot-stuffing
	eightBit bool // needs 8BITMIME (RFC 6152)
	addEnd   bool // a CRLF must be added at the end
}

// look checks the segments as one text: what it lets pass ends only where we end it.
func look(data net.Buffers) (content, error) {
	var found content
	lines, returns, column := 0, 0, 0
	last := byte('\n') // of the segment before; a text that starts with LF has a bare one
	previous := byte(0)
	for _, segment := range data {
		if len(segment) == 0 {
			continue
		}
		if bytes.IndexByte(segment, 0) >= 0 {
			return found, errNUL
		}
		returns += bytes.Count(segment, []byte{'\r'})
		for rest := segment; ; {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				column += len(rest)
				break
			}
			if end > 0 {
				previous = rest[end-1]
			} else {
				previous = last
			}
			if previous != '\r' {
				return found, errBareLine
			}
			if column+end-1 > maxLine {
				return found, errLongLine
			}
			lines++
			column = 0
			last = '\n'
			rest = rest[end+1:]
		}
		if column > maxLine+1 { // the CR of an end may be the last byte of a segment
			return found, errLongLine
		}
		last = segment[len(segment)-1]
		found.size += len(segment)
		found.eightBit = found.eightBit || hasHighBit(segment)
	}
	if found.size == 0 {
		return found, errNoText
	}
	if lines != returns {
		return found, errBareLine
	}
	if last != '\n' {
		if column > maxLine {
			return found, errLongLine
		}
		found.addEnd = true
		found.size += 2
	}
	return found, nil
}

func hasHighBit(text []byte) bool {
	const high = 0x8080808080808080
	for len(text) >= 32 {
		word := binary.LittleEndian.Uint64(text) | binary.LittleEndian.Uint64(text[8:]) |
			binary.LittleEndian.Uint64(text[16:]) | binary.LittleEndian.Uint64(text[24:])
		if word&high != 0 {
			return true
		}
		text = text[32:]
	}
	for _, c := range text {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

// appendPlain appends the content as BDAT carries it.
func appendPlain(dst []byte, data net.Buffers, found content) []byte {
	for _, segment := range data {
		dst = append(dst, segment...)
	}
	if found.addEnd {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// appendStuffed appends the content as DATA carries it (RFC 5321 §4.5.2), with the line that ends it.
func appendStuffed(dst []byte, data net.Buffers, found content) []byte {
	atStart := true
	for _, segment := range data {
		if len(segment) == 0 {
			continue
		}
		if atStart && segment[0] == '.' {
			dst = append(dst, '.')
		}
		atStart = segment[len(segment)-1] == '\n'
		for {
			at := bytes.Index(segment, []byte("\n."))
			if at < 0 {
				break
			}
			dst = append(dst, segment[:at+1]...)
			dst = append(dst, '.')
			segment = segment[at+1:]
		}
		dst = append(dst, segment...)
	}
	if found.addEnd {
		dst = append(dst, "\r\n"...)
	}
	return append(dst, ".\r\n"...)
}
