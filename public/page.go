package public

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

// css is the one style sheet; its address changes with its content, so that browsers may keep it.
//
//go:embed page.css
var css []byte

var stylePath = "/public/" + fingerprint(css) + ".css"

func fingerprint(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6])
}
