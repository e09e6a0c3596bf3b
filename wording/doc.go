// Package wording is what a clinic says: versions of wordings as typed blocks, the fields that merge into them, and the bytes that leave.
//
// It promises:
//   - A version is data. It is decoded strictly, has one canonical JSON (RFC 8785) and one SHA-256 digest that covers every word, condition, language, sender,
//     branding, image and link host. A practice's text is never parsed as a template language: no functions, no loops, no raw HTML.
//   - What merges is an enumerated set of typed fields. No value adds an element, an attribute, a header, a line or a link; one that fails its type is replaced
//     by its fallback, with a remark, so that no mail is lost for an odd name.
//   - Compile turns one language of a version into byte segments that are already quoted-printable; Render only copies them and the values, escaped by where they
//     stand. The same version and values give the same bytes.
//   - Inspect looks at a rendered message once more and names whatever was not signed.
//
// It never reads a clock, a file, a database or the network, and it has no state: a *Compiled is read-only and may be used by any number of goroutines. A Version is
// immutable by agreement once it has a digest; each edit makes another one.
//
// The way: Version → Validate → Canonical, Digest → (signed, stored) → DecodeCanonical → Compile → Render → Inspect.
package wording
