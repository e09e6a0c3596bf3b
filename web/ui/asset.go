package ui

import (
	"bytes"
	"compress/gzip"
	"embed"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed asset
var assets embed.FS

// AssetPath is where Assets is mounted.
const AssetPath = "/asset/"

type asset struct {
	plain, packed []byte
	kind, tag     string
}

// Assets serves the built files under AssetPath. Their names hold their hashes, so that a browser may keep them for ever; the
// licences of fonts, whose names do not, are asked for again after a day.
func Assets() http.Handler {
	files := map[string]asset{}
	entries, err := assets.ReadDir("asset")
	if err != nil {
		panic("ui: the embedded assets are damaged: " + err.Error())
	}
	for _, entry := range entries {
		content, err := assets.ReadFile("asset/" + entry.Name())
		if err != nil {
			panic("ui: the embedded assets are damaged: " + err.Error())
		}
		files[AssetPath+entry.Name()] = newAsset(entry.Name(), content)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveAsset(w, r, files) })
}

func newAsset(name string, content []byte) asset {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8"}
	made := asset{plain: content, kind: kinds[path.Ext(name)], tag: name}
	if path.Ext(name) == ".woff2" {
		return made // woff2 is packed already
	}
	var packed bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = writer.Write(content)
	_ = writer.Close()
	made.packed = packed.Bytes()
	return made
}

func serveAsset(w http.ResponseWriter, r *http.Request, files map[string]asset) {
	file, known := files[r.URL.Path]
	if !known {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.kind)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if path.Ext(r.URL.Path) == ".txt" {
		header.Set("Cache-Control", "public, max-age=86400")
	} else {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := file.plain, strconv.Quote(file.tag)
	if file.packed != nil {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			body, tag = file.packed, strconv.Quote(file.tag+".gz")
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body)
}

// acceptsGzip reads Accept-Encoding as far as needed here (RFC 9110 §12.5.3): gzip named and not refused by q=0.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}
