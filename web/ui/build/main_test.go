package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is committed is what the sources give.
func TestAssetsAreCurrent(t *testing.T) {
	t.Parallel()
	files, names, err := Build(filepath.Join("..", "source"))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile(filepath.Join("..", "asset_names.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, names) {
		t.Error("web/ui/asset_names.go is not current: run go generate ./web/ui")
	}
	entries, err := os.ReadDir(filepath.Join("..", "asset"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(files) {
		t.Errorf("web/ui/asset holds %d files, the sources give %d: run go generate ./web/ui", len(entries), len(files))
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join("..", "asset", name))
		if err != nil {
			t.Errorf("%v: run go generate ./web/ui", err)
			continue
		}
		if !bytes.Equal(have, want) {
			t.Errorf("web/ui/asset/%s is not current: run go generate ./web/ui", name)
		}
	}
}

// The budget of a first load is 150 kB in all; 20 kB of it are left to the page itself.
func TestFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	files, _, err := Build(filepath.Join("..", "source"))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for name, content := range files {
		switch {
		case strings.HasSuffix(name, ".txt"), strings.HasPrefix(name, "source-serif-4-latin-ext"):
			continue // licences; and letters that titles seldom have
		case strings.HasSuffix(name, ".woff2"):
			total += len(content)
		default:
			var packed bytes.Buffer
			writer := gzip.NewWriter(&packed)
			writer.Write(content)
			writer.Close()
			total += packed.Len()
			t.Logf("%s: %d bytes, %d packed", name, len(content), packed.Len())
		}
	}
	t.Logf("first load without the page: %d bytes", total)
	if total > 135_000 { // with the largest first page it stays below 150,000
		t.Errorf("first load is %d bytes, more than 135,000", total)
	}
}

func TestMissingFontIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.css"), []byte("@font-face{src:url(font:nowhere.woff2)}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := styles(folder, nil); err == nil {
		t.Error("a font that is not there was taken")
	}
}

func TestBrokenStyleIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.css"), []byte("a{color:red"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := styles(folder, nil); err == nil {
		t.Error("an unclosed rule was taken")
	}
}
