package courier_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"letterhead/courier"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// drawn is a small picture of one colour.
func drawn(t *testing.T, of color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 120, 40))
	for x := range 120 {
		for y := range 40 {
			m.Set(x, y, of)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A picture leaves with the message when it is the signed one, and is read once for a batch. Whoever swaps, cuts, blows up, moves or deletes its row, or names another
// in the version, gets nothing out; with the row as it was, what was held goes.
func TestAPictureLeavesOnlyAsItWasSigned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		var logo, other wording.Image
		w.change("a", func(tx *store.Tx) (err error) {
			if logo, err = practice.AddPicture(t.Context(), tx, drawn(t, color.RGBA{30, 79, 121, 255}), "The leaf of Wattle Street"); err == nil {
				other, err = practice.AddPicture(t.Context(), tx, drawn(t, color.RGBA{200, 0, 0, 255}), "You have won")
			}
			return err
		})
		v := plainVersion(domainOf("a"), wording.Transactional)
		v.Branding.Logo = &logo
		second := v.Languages[0]
		second.Tag = "en-GB"
		v.Languages = append(v.Languages, second)
		w.version("a", wording.Transactional, v)
		w.source.change = func(m message.Message, f *courier.Facts) {
			if strings.HasSuffix(string(m.ID), "1") {
				f.Language = "en-GB"
			}
		}
		w.queue("a", "good", 20, nil)
		w.drain(o)
		if s.Count() != 20 {
			t.Fatalf("%d of 20 arrived: %s", s.Count(), w.timeline("a", "good0"))
		}
		if n := w.source.pictures.Load(); n != 1 {
			t.Errorf("read %d times for a batch", n)
		}
		if got := pictureIn(t, s.List()[0].Raw); !bytes.Equal(got, read(t, w, logo.SHA256)) {
			t.Error("not the picture that was signed")
		}
		good, evil := read(t, w, logo.SHA256), read(t, w, other.SHA256)
		put := func(content []byte) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE picture SET content = $3 WHERE practice = $1 AND digest = $2`, logo.SHA256, content)
				return err
			}
		}
		for name, attack := range map[string]func(*store.Tx) error{
			"another": put(evil),
			"cut":     put(good[:len(good)/2]),
			"none":    put([]byte{}),
			"tail":    put(append(bytes.Clone(good), "<script>alert(1)</script>"...)),
			"huge":    put(make([]byte, 40<<20)),
			"renamed": func(tx *store.Tx) error {
				if _, err := tx.Exec(t.Context(), `DELETE FROM picture WHERE practice = $1 AND digest = $2`, logo.SHA256); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), `UPDATE picture SET digest = $3 WHERE practice = $1 AND digest = $2`, other.SHA256, logo.SHA256)
				return err
			},
			"deleted": func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), `DELETE FROM picture WHERE practice = $1`)
				return err
			},
		} {
			w.change("a", attack)
			before, reads := s.Count(), w.source.pictures.Load()
			w.queue("a", name, 5, nil)
			w.drain(o) // another process: nothing is known from before
			if got := w.timeline("a", message.ID(name+"0")); got != "queued · held/picture" || s.Count() != before {
				t.Errorf("%s: %s; %d left", name, got, s.Count()-before)
			}
			if n := w.source.pictures.Load() - reads; n > 2 { // what was held before is looked at again when a process starts
				t.Errorf("%s: read %d times", name, n)
			}
			w.change("a", func(tx *store.Tx) error { // as it was
				if _, err := tx.Exec(t.Context(), `DELETE FROM picture WHERE practice = $1`); err != nil {
					return err
				}
				for _, data := range [][]byte{good, evil} {
					if _, err := practice.AddPicture(t.Context(), tx, data, "x"); err != nil {
						return err
					}
				}
				return nil
			})
			w.drain(o)
			if s.Count() != before+5 {
				t.Errorf("%s: %d of 5 went when the picture was there again: %s", name, s.Count()-before, w.timeline("a", message.ID(name+"0")))
			}
		}
		// The other practice has no such picture, whatever the first has.
		w.version("b", wording.Transactional, func() *wording.Version {
			v := plainVersion(domainOf("b"), wording.Transactional)
			v.Branding.Logo = &logo
			return v
		}())
		before := s.Count()
		w.queue("b", "theirs", 1, nil)
		if w.drain(o); s.Count() != before || !strings.HasSuffix(w.timeline("b", "theirs0"), "held/picture") {
			t.Errorf("the other practice's: %s", w.timeline("b", "theirs0"))
		}
		// A version that names another picture is another version.
		v.Branding.Logo = &other
		raw, err := v.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		w.source.versions["a/"+string(wording.Transactional)] = raw
		w.queue("a", "swapped", 1, nil)
		if w.drain(o); s.Count() != before || !strings.HasSuffix(w.timeline("a", "swapped0"), "held/wording") {
			t.Errorf("another picture in the version: %s", w.timeline("a", "swapped0"))
		}
	})
}

func read(t *testing.T, w *world, digest string) (content []byte) {
	t.Helper()
	w.change("a", func(tx *store.Tx) (err error) {
		_, content, err = practice.FindPicture(t.Context(), tx, digest)
		return err
	})
	return content
}

// pictureIn takes a mail apart as any program does: the picture lies beside the HTML that names it.
func pictureIn(t *testing.T, raw []byte) []byte {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var id, html string
	var found []byte
	var walk func(kind string, body *multipart.Reader)
	walk = func(kind string, body *multipart.Reader) {
		for {
			part, err := body.NextPart()
			if err != nil {
				return
			}
			inner, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			var content bytes.Buffer
			switch {
			case strings.HasPrefix(inner, "multipart/"):
				walk(inner, multipart.NewReader(part, parameters["boundary"]))
			case inner == "text/html":
				_, _ = content.ReadFrom(part)
				html = content.String()
			case inner == "image/png" && kind == "multipart/related":
				id = strings.Trim(part.Header.Get("Content-ID"), "<>")
				_, _ = content.ReadFrom(base64.NewDecoder(base64.StdEncoding, part))
				found = content.Bytes()
			}
		}
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	walk(kind, multipart.NewReader(m.Body, parameters["boundary"]))
	if id == "" || !strings.Contains(html, `src="cid:`+id+`"`) || !strings.Contains(html, "The leaf of Wattle Street") {
		t.Errorf("the HTML does not name the picture %q", id)
	}
	return found
}
