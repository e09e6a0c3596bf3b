package encode

import "bytes"

// Piece is literal text that is quoted-printable already, to be put after others without a line growing beyond 76 characters.
type Piece struct {
	Bytes  []byte
	head   int // columns up to the first line break
	tail   int // columns after the last one
	breaks bool
}

// NewPiece encodes text whose line breaks are "\n".
func NewPiece(text []byte) Piece {
	var p Piece
	p.Bytes, p.tail = AppendQuoted(make([]byte, 0, len(text)+len(text)/8+16), text, 0)
	p.head = bytes.IndexByte(p.Bytes, '\r')
	if p.breaks = p.head >= 0; !p.breaks {
		p.head = len(p.Bytes)
	}
	return p
}

// Verbatim is a piece of bytes that are encoded already and end with a line break.
func Verbatim(b []byte) Piece { return Piece{Bytes: b, breaks: true} }

// Append writes p from column col on, after a soft break where its first line would not fit.
func (p *Piece) Append(dst []byte, col int) ([]byte, int) {
	if col+p.head > QuotedLine && col > 0 {
		dst, col = append(dst, "=\r\n"...), 0
	}
	dst = append(dst, p.Bytes...)
	if p.breaks {
		return dst, p.tail
	}
	return dst, col + p.tail
}
