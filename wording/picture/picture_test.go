package picture

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func TestDescribeAndFit(t *testing.T) {
	t.Parallel()
	var asPNG, asJPEG bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 400, 100))
	if err := png.Encode(&asPNG, m); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, m, nil); err != nil {
		t.Fatal(err)
	}
	for kind, data := range map[string][]byte{"image/png": asPNG.Bytes(), "image/jpeg": asJPEG.Bytes()} {
		i, err := Describe(data, "x")
		if err != nil || i.Type != kind || i.Width != 400 || i.Height != 100 || i.Check("image") != nil {
			t.Errorf("%s: %+v %v", kind, i, err)
		}
		if w, h := i.Fit(240, 56); w != 224 || h != 56 {
			t.Errorf("fits as %d × %d", w, h)
		}
		if w, h := i.Fit(528, 400); w != 400 || h != 100 {
			t.Errorf("grew to %d × %d", w, h)
		}
		part := string(i.Part("b", "id@x", data))
		head, body, _ := strings.Cut(part, "\r\n\r\n")
		if !strings.Contains(head, "Content-ID: <id@x>") {
			t.Errorf("head %q", head)
		}
		for _, line := range strings.Split(part, "\r\n") {
			if len(line) > 76 {
				t.Errorf("a line of %d", len(line))
			}
		}
		if got, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\r\n", "")); err != nil || !bytes.Equal(got, data) {
			t.Errorf("other bytes: %v", err)
		}
	}
	wide := image.NewGray(image.Rect(0, 0, maxPixels+1, 1))
	asPNG.Reset()
	if err := png.Encode(&asPNG, wide); err != nil {
		t.Fatal(err)
	}
	if _, err := Describe(asPNG.Bytes(), "x"); err == nil {
		t.Error("too wide a picture accepted")
	}
	for _, bad := range []Image{{}, {SHA256: strings.Repeat("A", 64), Type: "image/png", Width: 1, Height: 1}, {SHA256: strings.Repeat("a", 64), Type: "image/svg+xml", Width: 1, Height: 1}} {
		if bad.Check("image") == nil {
			t.Errorf("%+v accepted", bad)
		}
	}
}
