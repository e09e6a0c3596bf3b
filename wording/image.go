package wording

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	_ "image/jpeg" // the two kinds of picture that every mail program shows
	_ "image/png"
)

const (
	maxImage     = 200 << 10 // bytes of one picture
	maxAllImages = 300 << 10 // bytes of all pictures of a version
	maxPixels    = 2400      // of either side
)

// Describe reads a picture's type and size and returns how a version names it.
func Describe(data []byte, alt string) (Image, error) {
	if len(data) > maxImage {
		return Image{}, refuse("image", "wording.image_large", "the picture has %d kB; save it with at most %d kB", len(data)>>10, maxImage>>10)
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Image{}, refuse("image", "wording.image_kind", "this is not a PNG or JPEG picture; save it as one of them")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels || config.Height > maxPixels {
		return Image{}, refuse("image", "wording.image_size", "the picture is %d × %d pixels; make it at most %d on each side", config.Width, config.Height, maxPixels)
	}
	sum := sha256.Sum256(data)
	return Image{SHA256: hex.EncodeToString(sum[:]), Type: "image/" + kind, Width: config.Width, Height: config.Height, Alt: alt}, nil
}

// fit scales a picture into a box in CSS pixels, never up.
func (i Image) fit(width, height int) (int, int) {
	w, h := i.Width, i.Height
	if w > width {
		w, h = width, max(1, h*width/w)
	}
	if h > height {
		w, h = max(1, w*height/h), height
	}
	return w, h
}
