// Package sheet reads the files of other systems: CSV records with their physical lines, the encoding of a file, dates and times of day.
//
// It is pure: no storage, no clock. It promises to end on any input, to hold at most one record of 256 kB, and that a record which cannot be read costs its
// first line alone.
package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"letterhead/fault"
)

const (
	maxRecord  = 256 << 10 // bytes of one record, over all its lines
	maxColumns = 256
)

// Record is one row of a file. Its fields are valid until the next read.
type Record struct {
	Line   int // where it begins: physical, from 1
	Fields []string
	Fault  string // why it cannot be read; "" when it can: then fields counts
}

// Reader reads RFC 4180 text with LF or CRLF line ends, a record at a time. It differs from encoding/csv in what it does with damage: a record
// that cannot be read costs its first line alone. A quote that is never closed would otherwise swallow the rest of the file.
type Reader struct {
	in     *bufio.Reader
	comma  byte
	line   int      // lines taken so far
	ahead  [][]byte // lines to read again, after a damaged record
	latin  bool     // Windows-1252
	fields []string
	field  []byte
}

// New returns a reader; latin says that the file is Windows-1252.
func New(in io.Reader, latin bool) *Reader {
	buffered := bufio.NewReaderSize(in, 64<<10)
	if mark, err := buffered.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3)
	}
	return &Reader{in: buffered, comma: ',', latin: latin}
}

var errLong = errors.New("a line of more than 256 kB")

// next returns a physical line with its line end, or io.EOF. Of a line that is too long it returns the beginning and errLong, having passed over the rest.
func (r *Reader) next() ([]byte, error) {
	if len(r.ahead) > 0 {
		line := r.ahead[0]
		r.ahead = r.ahead[1:]
		r.line++
		return line, nil
	}
	var line []byte
	long := false
	for {
		part, err := r.in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
			long = len(line) > maxRecord
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		}
		r.line++
		if long {
			return line[:maxRecord], errLong
		}
		return line, nil
	}
}

// Read returns the next record that is not blank, or io.EOF.
func (r *Reader) Read() (Record, error) {
	for {
		line, err := r.next()
		if err != nil && !errors.Is(err, errLong) {
			return Record{}, err
		}
		at := r.line
		if errors.Is(err, errLong) {
			return Record{Line: at, Fault: "too_long"}, nil
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			continue
		}
		return r.parse(line, at)
	}
}

// parse splits a record that begins with line, taking more lines while a quote is open.
func (r *Reader) parse(line []byte, at int) (Record, error) {
	r.fields = r.fields[:0]
	var more [][]byte
	size := len(line)
	damaged := func(why string) (Record, error) {
		r.line = at
		if len(more) > 0 { // else what is ahead stays as it is, however often a record is damaged
			r.ahead = append(more, r.ahead...)
		}
		return Record{Line: at, Fault: why}, nil
	}
	rest := line
	for {
		r.field = r.field[:0]
		if len(rest) == 0 || rest[0] != '"' {
			end := bytes.IndexByte(rest, r.comma)
			last := end < 0
			if last {
				end = len(rest)
			}
			cell := rest[:end]
			if last {
				cell = bytes.TrimRight(cell, "\r\n")
			}
			if bytes.IndexByte(cell, '"') >= 0 {
				return damaged("stray_quote")
			}
			if !r.take(cell) {
				return damaged("columns")
			}
			if last {
				return Record{Line: at, Fields: r.fields}, nil
			}
			rest = rest[end+1:]
			continue
		}
		rest = rest[1:]
		for {
			if end := bytes.IndexByte(rest, '"'); end < 0 {
				r.field = append(r.field, rest...)
				following, err := r.next()
				switch {
				case errors.Is(err, io.EOF), errors.Is(err, errLong):
					return damaged("open_quote")
				case err != nil:
					return Record{}, err
				}
				more = append(more, following)
				if size += len(following); size > maxRecord {
					return damaged("open_quote")
				}
				rest = following
			} else if end+1 < len(rest) && rest[end+1] == '"' {
				r.field = append(r.field, rest[:end+1]...)
				rest = rest[end+2:]
			} else {
				r.field = append(r.field, rest[:end]...)
				rest = rest[end+1:]
				break
			}
		}
		if !r.take(r.field) {
			return damaged("columns")
		}
		switch {
		case len(bytes.TrimRight(rest, "\r\n")) == 0:
			return Record{Line: at, Fields: r.fields}, nil
		case rest[0] == r.comma:
			rest = rest[1:]
		default:
			return damaged("stray_quote")
		}
	}
}

// take keeps one field as UTF-8 text with line ends as LF.
func (r *Reader) take(cell []byte) bool {
	if len(r.fields) == maxColumns {
		return false
	}
	var text string
	if r.latin {
		text = fromWindows(cell)
	} else {
		text = string(cell)
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	r.fields = append(r.fields, text)
	return true
}

func fromWindows(cell []byte) string {
	var b strings.Builder
	for _, c := range cell {
		b.WriteRune(charmap.Windows1252.DecodeByte(c))
	}
	return b.String()
}

// Header reads the headings. The separator is the one of comma, semicolon and tab that the first line has most of, outside quotes.
func (r *Reader) Header(file string) ([]string, error) {
	first, err := r.in.Peek(8 << 10)
	if len(first) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, fault.Field(file, "transfer.empty", "the file is empty; export it again, with its headings")
		}
		return nil, err
	}
	line, _, _ := bytes.Cut(first, []byte("\n"))
	most := 0
	for _, c := range []byte{',', ';', '\t'} {
		if n := outsideQuotes(line, c); n > most {
			r.comma, most = c, n
		}
	}
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.Field(file, "transfer.empty", "the file is empty; export it again, with its headings")
	}
	if err == nil && head.Fault != "" {
		return nil, fault.Field(file, "transfer.headings", "line %d, the headings: %s", head.Line, Damage[head.Fault])
	}
	return append([]string(nil), head.Fields...), err
}

// Line is how many lines were taken so far.
func (r *Reader) Line() int { return r.line }

func outsideQuotes(line []byte, c byte) (n int) {
	quoted := false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		} else if b == c && !quoted {
			n++
		}
	}
	return n
}

// Damage says what each Fault of a Record means.
var Damage = map[string]string{
	"stray_quote": `a quotation mark stands where none belongs; a field with a " in it is written in quotation marks, and the mark doubled`,
	"open_quote":  "a quotation mark is opened and not closed before the record grows over 256 kB or the file ends",
	"too_long":    "the line is longer than 256 kB",
	"columns":     "there are more than 256 columns",
}

// EncodingOf reads a whole file and says whether it is UTF-8; if not, on which line that first shows.
func EncodingOf(in io.Reader, file string) (latin bool, line int, err error) {
	buffered := bufio.NewReaderSize(in, 256<<10)
	if mark, _ := buffered.Peek(2); len(mark) == 2 && (mark[0] == 0xff && mark[1] == 0xfe || mark[0] == 0xfe && mark[1] == 0xff) {
		return false, 0, fault.Field(file, "transfer.encoding", "the file is UTF-16; export or save it as CSV UTF-8")
	}
	line = 1
	var kept [utf8.UTFMax]byte // the beginning of a character that goes on in the next block
	n := 0
	block := make([]byte, 64<<10)
	for {
		got, err := io.ReadFull(buffered, block[n:])
		copy(block, kept[:n])
		text := block[:n+got]
		ended := err != nil
		if ended && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, 0, err
		}
		keep := 0
		if !ended {
			keep = unfinished(text)
		}
		whole := text[:len(text)-keep]
		if !utf8.Valid(whole) {
			for len(whole) > 0 {
				r, size := utf8.DecodeRune(whole)
				if r == utf8.RuneError && size == 1 {
					break
				}
				if r == '\n' {
					line++
				}
				whole = whole[size:]
			}
			return true, line, nil
		}
		line += bytes.Count(whole, []byte("\n"))
		n = copy(kept[:], text[len(text)-keep:])
		if ended {
			return false, 0, nil //nolint:nilerr // err says that the input has ended, as it should
		}
	}
}

// unfinished is how many bytes at the end may be the beginning of a character.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if c := text[len(text)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
