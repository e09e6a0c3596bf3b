package kept

import (
	"errors"
	"time"

	"letterhead/courier/smtp"
	"letterhead/wording"
)

// Frame is what is the same in the header of every mail of a version and language.
type Frame struct{ from, mime []byte }

// FrameOf makes it.
func FrameOf(version *wording.Version, compiled *wording.Compiled) (f Frame, err error) {
	if f.from, err = wording.AppendAddress([]byte("From: "), version.Sender.Name, version.Sender.Local, version.Sender.Domain, len("From: ")); err != nil {
		return f, err
	}
	f.from = append(f.from, '\r', '\n')
	f.mime = []byte("MIME-Version: 1.0\r\nContent-Type: " + compiled.ContentType() + "\r\nAuto-Submitted: auto-generated\r\n") // RFC 3834 §5
	return f, nil
}

// Head is what is a mail's own.
type Head struct {
	Address     string
	ReplyTo     string // "" for none
	Subject     []byte // as it stands in the header
	Date        string
	MessageID   string
	Unsubscribe string // where it is ended; "" where it does not say
}

// Date is an instant as the header has it.
func Date(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700") }

// The errors of Header.
var (
	ErrAddress = errors.New("not an address that mail can be sent to")
	ErrReply   = errors.New("the location's reply address is not one")
)

// Header writes the header behind dst, with the empty line that ends it, and returns the address as a relay is told it. Its order is that of RFC 5322 §3.6; every
// value is made by us, typed, or folded and encoded by package wording.
func (f *Frame) Header(dst []byte, h *Head) (header []byte, to string, err error) {
	if to, err = smtp.Address(h.Address); err != nil {
		return dst, "", errors.Join(ErrAddress, err)
	}
	dst = append(dst, f.from...)
	dst = append(append(append(dst, "To: "...), to...), '\r', '\n')
	if h.ReplyTo != "" {
		reply, err := smtp.Address(h.ReplyTo)
		if err != nil {
			return dst, "", errors.Join(ErrReply, err)
		}
		dst = append(append(append(dst, "Reply-To: "...), reply...), '\r', '\n')
	}
	dst = append(append(append(dst, "Subject: "...), h.Subject...), '\r', '\n')
	dst = append(append(append(dst, "Date: "...), h.Date...), '\r', '\n')
	dst = append(append(append(dst, "Message-ID: <"...), h.MessageID...), '>', '\r', '\n')
	dst = append(dst, f.mime...)
	if h.Unsubscribe != "" { // RFC 8058 §3.1
		dst = append(append(append(dst, "List-Unsubscribe: <"...), h.Unsubscribe...), ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	return append(dst, '\r', '\n'), to, nil
}
