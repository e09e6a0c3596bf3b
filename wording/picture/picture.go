// Package picture describes the pictures that go along with a mail, and writes their parts. Their bytes are covered by their digest.
package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/jpeg" // the two kinds of picture that every mail program shows
	"image/png"

	"letterhead/fault"
	"letterhead/wording/canon"
)

const (
	MaxOne    = 200 << 10 // bytes of one picture
	Most      = 6         // pictures of a version
	MaxAll    = 300 << 10 // bytes of all pictures of a version
	maxPixels = 2400      // of either side
)

// Image names a picture by its digest. The bytes travel apart from the version (Attach) and are embedded in the mail.
type Image struct {
	SHA256 string `json:"sha256"`
	Type   string `json:"type"` // image/png or image/jpeg
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Alt    string `json:"alt"`
}

// Canonical writes i as RFC 8785 has it.
func (i *Image) Canonical(w *canon.Writer) {
	w.Open('{')
	w.Text("alt", i.Alt)
	w.Number("height", i.Height)
	w.Text("sha256", i.SHA256)
	w.Text("type", i.Type)
	w.Number("width", i.Width)
	w.Close('}')
}

// Describe reads a picture's type and size and returns how a version names it.
func Describe(data []byte, alt string) (Image, error) {
	if len(data) > MaxOne {
		return Image{}, fault.Field("image", "wording.image_large", "the picture has %d kB; save it with at most %d kB", len(data)>>10, MaxOne>>10)
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Image{}, fault.Field("image", "wording.image_kind", "this is not a PNG or JPEG picture; save it as one of them")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels || config.Height > maxPixels {
		return Image{}, fault.Field("image", "wording.image_size", "the picture is %d × %d pixels; make it at most %d on each side", config.Width, config.Height, maxPixels)
	}
	sum := sha256.Sum256(data)
	return Image{SHA256: hex.EncodeToString(sum[:]), Type: "image/" + kind, Width: config.Width, Height: config.Height, Alt: alt}, nil
}

// Fit scales a picture into a box in CSS pixels, never up.
func (i Image) Fit(width, height int) (int, int) {
	w, h := i.Width, i.Height
	if w > width {
		w, h = width, max(1, h*width/w)
	}
	if h > height {
		w, h = max(1, w*height/h), height
	}
	return w, h
}

// Check holds a description to what Describe writes. path names the input.
func (i Image) Check(path string) error {
	raw, err := hex.DecodeString(i.SHA256)
	if err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != i.SHA256 || (i.Type != "image/png" && i.Type != "image/jpeg") ||
		i.Width < 1 || i.Height < 1 || i.Width > maxPixels || i.Height > maxPixels {
		return fault.Field(path, "wording.image", "the picture is not described as it must be; upload it again as PNG or JPEG")
	}
	return nil
}

// Part is the MIME part of a picture, with the boundary before it. id is its Content-ID. (RFC 2045 §6.8, RFC 2392)
func (i Image) Part(boundary, id string, data []byte) []byte {
	extension := i.Type[len("image/"):]
	out := []byte("\r\n--" + boundary + "\r\nContent-Type: " + i.Type + "\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <" + id +
		">\r\nContent-Disposition: inline; filename=\"" + i.SHA256[:8] + "." + extension + "\"\r\n\r\n")
	encoded := base64.StdEncoding.EncodeToString(data)
	for len(encoded) > 76 {
		out = append(append(out, encoded[:76]...), '\r', '\n')
		encoded = encoded[76:]
	}
	return append(append(out, encoded...), '\r', '\n')
}

// Clean reads a picture that somebody handed in and writes it again: nothing but its pixels is left of it, no place and time of a photograph, no
// comment, nothing behind its end. It is read at most once its size is known to be within bounds.
func Clean(data []byte) ([]byte, error) {
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || kind != "png" && kind != "jpeg" {
		return nil, fault.Field("picture", "wording.image_kind", "this is not a PNG or JPEG picture; save it as one of them")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels || config.Height > maxPixels {
		return nil, fault.Field("picture", "wording.image_size", "the picture is %d × %d pixels; make it at most %d on each side", config.Width, config.Height, maxPixels)
	}
	pixels, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fault.Field("picture", "wording.image_broken", "the picture is damaged or cut off; save it again and choose it once more")
	}
	var out bytes.Buffer
	if kind == "png" {
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, pixels)
	} else {
		err = jpeg.Encode(&out, pixels, &jpeg.Options{Quality: 85})
	}
	if err != nil {
		return nil, fault.Field("picture", "wording.image_broken", "the picture is damaged or cut off; save it again and choose it once more")
	}
	if out.Len() > MaxOne {
		return nil, fault.Field("picture", "wording.image_large", "the picture has %d kB; make it smaller, to at most %d kB", out.Len()>>10, MaxOne>>10)
	}
	return out.Bytes(), nil
}
