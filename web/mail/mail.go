// Package mail takes a mail apart so that a page can show it: its text, its HTML with its pictures inside, and its header lines.
//
// It promises: bounded parts, depth and size; one that is not well formed is shown as far as it can be read. What it gives is shown in a frame
// under FramePolicy, where nothing is loaded and nothing runs. It never shows a mail's HTML within a page of ours.
package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"letterhead/wording"
)

// The bounds of what is read of a mail in the sink; what is beyond them is not shown.
const (
	maxDepth = 6
	maxParts = 40
	maxPart  = 4 << 20
)

// FramePolicy is the policy of a mail shown in its frame: nothing is loaded, nothing runs, its own styles count, and only our page may
// frame it.
const FramePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
	"sandbox allow-popups allow-popups-to-escape-sandbox"

// Sandbox is the frame's own part of that.
const Sandbox = "allow-popups allow-popups-to-escape-sandbox"

// Mail is a mail taken apart.
type Mail struct {
	Subject, From, To string
	HTML, Text        string
	Header            string // as it came, unfolded nowhere
	Size              int
}

// Open takes a mail apart. One that is not well formed is shown as far as it can be read.
func Open(raw []byte) Mail {
	o := Mail{Size: len(raw)}
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	o.Header = string(bytes.ToValidUTF8(head, []byte("?")))
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return o
	}
	words := mime.WordDecoder{}
	read := func(name string) string {
		text, err := words.DecodeHeader(message.Header.Get(name))
		if err != nil {
			return message.Header.Get(name)
		}
		return text
	}
	o.Subject, o.From, o.To = read("Subject"), read("From"), read("To")
	w := walker{images: map[string]string{}}
	w.part(textproto.MIMEHeader(message.Header), message.Body, 0)
	o.Text, o.HTML = w.text, w.html
	for id, data := range w.images {
		o.HTML = strings.ReplaceAll(o.HTML, "cid:"+id, data)
	}
	return o
}

// Of takes a message apart that the courier's code has rendered, as it would leave, without the address.
func Of(compiled *wording.Compiled, r *wording.Rendered) Mail {
	raw := append([]byte("Subject: "), r.Subject...)
	raw = append(raw, "\r\nMIME-Version: 1.0\r\nContent-Type: "+compiled.ContentType()+"\r\n\r\n"...)
	return Open(append(raw, r.Body...))
}

// walker collects the parts of a mail: the first text, the first HTML, and images by their Content-ID as data: addresses.
type walker struct {
	text, html string
	images     map[string]string
	parts      int
}

func (w *walker) part(header textproto.MIMEHeader, body io.Reader, depth int) {
	if w.parts++; depth > maxDepth || w.parts > maxParts {
		return
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		reader := multipart.NewReader(body, parameters["boundary"])
		for {
			next, err := reader.NextRawPart()
			if err != nil {
				return
			}
			w.part(next.Header, next, depth+1)
		}
	}
	content, err := io.ReadAll(io.LimitReader(decoded(header.Get("Content-Transfer-Encoding"), body), maxPart))
	if err != nil && len(content) == 0 {
		return
	}
	switch id := strings.Trim(header.Get("Content-ID"), "<>"); {
	case kind == "text/plain" && w.text == "":
		w.text = strings.ToValidUTF8(string(content), "?")
	case kind == "text/html" && w.html == "":
		w.html = strings.ToValidUTF8(string(content), "?")
	case id != "" && (kind == "image/png" || kind == "image/jpeg" || kind == "image/gif"):
		w.images[id] = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content)
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

// Framed is a mail's HTML as the sandboxed frame shows it: links open beside the page, not within it.
func (o Mail) Framed() []byte {
	const target = `<base target="_blank">`
	at := strings.Index(strings.ToLower(o.HTML), "<head>")
	if at < 0 {
		return []byte(target + o.HTML)
	}
	at += len("<head>")
	return []byte(o.HTML[:at] + target + o.HTML[at:])
}

// Weight is a mail's size in words.
func (o Mail) Weight() string { return fmt.Sprintf("%.1f kB", float64(o.Size)/1000) }
