package practice_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
)

func drawn(t testing.TB, width, height int, noise bool) image.Image {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		if m.Pix[i] = uint8(i / 256); noise {
			m.Pix[i] = uint8(random.Uint32())
		}
	}
	return m
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withSum ends a chunk of a PNG with its checksum. (PNG §5.3)
func withSum(chunk []byte) []byte {
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}

// What is handed in is written again: nothing but pixels is left. What is wrong with it names the field and the way out.
func TestWhatIsKeptOfAPicture(t *testing.T) {
	t.Parallel()
	small := drawn(t, 90, 30, false)
	plain := asPNG(t, small)
	// A text chunk with a place in it, right behind the header (8 + 25 bytes), and a script behind the end.
	comment := append([]byte{0, 0, 0, 8 + 16}, "tEXtComment\x0012 Wattle Street"...)
	tagged := append(append(append(bytes.Clone(plain[:33]), withSum(comment)...), plain[33:]...), "<script>alert(1)</script>"...)
	photo := asJPEG(t, small)
	located := append(append(bytes.Clone(photo[:2]), "\xff\xe1\x00\x1aExif\x00\x00GPS 37.5S 143.8E__"...), photo[2:]...)
	for name, data := range map[string][]byte{"png": tagged, "jpeg": located} {
		clean, image, err := practice.CheckPicture(data, "A leaf")
		if err != nil || image.Type != "image/"+name || image.Width != 90 {
			t.Fatalf("%s: %+v %v", name, image, err)
		}
		for _, left := range []string{"Wattle", "script", "GPS", "Exif", "tEXt"} {
			if bytes.Contains(clean, []byte(left)) {
				t.Errorf("%s: %q is still in it", name, left)
			}
		}
		if name == "png" {
			if again, second, err := practice.CheckPicture(clean, "A leaf"); err != nil || second != image || !bytes.Equal(again, clean) {
				t.Errorf("once more it is another picture: %v", err)
			}
		}
	}
	var moving bytes.Buffer
	if err := gif.Encode(&moving, small, nil); err != nil {
		t.Fatal(err)
	}
	bomb := asPNG(t, image.NewGray(image.Rect(0, 0, 20_000, 20_000)))
	for name, c := range map[string]struct {
		data            []byte
		alt, field, say string
	}{
		"nothing":    {nil, "x", "picture", "PNG or JPEG"},
		"a page":     {[]byte("<svg onload=alert(1)>"), "x", "picture", "PNG or JPEG"},
		"a GIF":      {moving.Bytes(), "x", "picture", "PNG or JPEG"},
		"cut":        {plain[:len(plain)/2], "x", "picture", "damaged"},
		"a bomb":     {bomb, "x", "picture", "at most 2400 on each side"},
		"too heavy":  {asPNG(t, drawn(t, 400, 400, true)), "x", "picture", "at most 200 kB"},
		"no words":   {plain, "", "alt", "what the picture shows"},
		"a site":     {plain, "win at evil.example", "alt", ""},
		"many words": {plain, strings.Repeat("leaf ", 40), "alt", ""},
		"not a word": {plain, "a\u202eb", "alt", ""},
	} {
		_, _, err := practice.CheckPicture(c.data, c.alt)
		if f := fault.As(err); f == nil || f.Field != c.field || !strings.Contains(f.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A picture is its practice's own; the logo is one; what was tampered with is not listed.
func TestPicturesOfAPractice(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		change := func(p store.PracticeID, do func(*store.Tx) error) {
			t.Helper()
			if err := db.Change(t.Context(), store.Actor{Practice: p, Agent: "test"}, do); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range []store.PracticeID{"a", "b"} {
			change(p, func(tx *store.Tx) error {
				made := practice.New("P "+string(p), "AU", "Australia/Melbourne")
				made.ID = p
				_, err := practice.Add(t.Context(), tx, made)
				return err
			})
		}
		var first, second string
		change("a", func(tx *store.Tx) error {
			one, err := practice.AddPicture(t.Context(), tx, asPNG(t, drawn(t, 90, 30, false)), "A leaf")
			if err != nil {
				return err
			}
			two, err := practice.AddPicture(t.Context(), tx, asPNG(t, image.NewGray(image.Rect(0, 0, 50, 50))), "A square")
			first, second = one.SHA256, two.SHA256
			return err
		})
		logo := func(p store.PracticeID) (alt string) {
			change(p, func(tx *store.Tx) error {
				found, err := practice.Logo(t.Context(), tx)
				if found != nil {
					alt = found.Alt
				}
				return err
			})
			return alt
		}
		for _, digest := range []string{first, second, second} {
			change("a", func(tx *store.Tx) error { return practice.SetLogo(t.Context(), tx, digest) })
		}
		if logo("a") != "A square" || logo("b") != "" {
			t.Errorf("logos: %q %q", logo("a"), logo("b"))
		}
		change("b", func(tx *store.Tx) error {
			if err := practice.SetLogo(t.Context(), tx, first); fault.As(err) == nil {
				t.Errorf("another practice's picture is a logo: %v", err)
			}
			if _, _, err := practice.FindPicture(t.Context(), tx, first); fault.As(err) == nil {
				t.Errorf("another practice's picture is found: %v", err)
			}
			found, err := practice.Pictures(t.Context(), tx, []string{first, second})
			if len(found) != 0 {
				t.Errorf("another practice's pictures: %d", len(found))
			}
			return err
		})
		change("a", func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE picture SET content = $3 WHERE practice = $1 AND digest = $2`, first, asPNG(t, drawn(t, 10, 10, true)))
			return err
		})
		change("a", func(tx *store.Tx) error {
			all, err := practice.AllPictures(t.Context(), tx)
			if len(all) != 1 || all[0].SHA256 != second || !all[0].Logo {
				t.Errorf("listed: %+v", all)
			}
			return err
		})
		change("a", func(tx *store.Tx) error { return practice.SetLogo(t.Context(), tx, "") })
		if logo("a") != "" {
			t.Error("the logo was not taken away")
		}
	})
}
