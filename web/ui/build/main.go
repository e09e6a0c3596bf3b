// Build makes what browsers load from web/ui/source: one script, one stylesheet and the fonts, each under a name that holds its hash,
// and a Go file that names them. It reads and writes web/ui and nothing else, needs Go alone, and gives the same bytes every time; its
// test fails when the committed files are not what it would write.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "web/ui/build:", err)
		os.Exit(1)
	}
}

// run writes ui's asset folder anew, so that no old name stays behind.
func run(ui string) error {
	files, names, err := Build(filepath.Join(ui, "source"))
	if err != nil {
		return err
	}
	folder := filepath.Join(ui, "asset")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(ui, "asset_names.go"), names, 0o644)
}

// Build returns the files of the asset folder by name, and the Go file with their names.
func Build(source string) (files map[string][]byte, names []byte, err error) {
	files = map[string][]byte{}
	fonts, err := addFonts(files, filepath.Join(source, "font"))
	if err != nil {
		return nil, nil, err
	}
	style, err := styles(filepath.Join(source, "css"), fonts)
	if err != nil {
		return nil, nil, err
	}
	script, err := scripts(source)
	if err != nil {
		return nil, nil, err
	}
	constants := map[string]string{
		"Stylesheet": add(files, "letterhead", ".css", style),
		"Script":     add(files, "letterhead", ".js", script),
		"FontSans":   fonts["atkinson-hyperlegible-next-latin-wght-normal.woff2"],
		"FontSerif":  fonts["source-serif-4-latin-wght-normal.woff2"],
	}
	names, err = nameFile(constants)
	return files, names, err
}

// add puts content under a name with the first 48 bits of its SHA-256, which is enough to tell two versions of one file apart.
func add(files map[string][]byte, stem, extension string, content []byte) string {
	sum := sha256.Sum256(content)
	name := stem + "-" + hex.EncodeToString(sum[:6]) + extension
	files[name] = content
	return name
}

// addFonts copies fonts under hashed names and their licences under their own; it returns the hashed name of each.
func addFonts(files map[string][]byte, folder string) (map[string]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	hashed := map[string]string{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		stem, isFont := strings.CutSuffix(entry.Name(), ".woff2")
		if !isFont {
			files[entry.Name()] = content
			continue
		}
		hashed[entry.Name()] = add(files, strings.TrimSuffix(stem, "-wght-normal"), ".woff2", content)
	}
	return hashed, nil
}

func styles(folder string, fonts map[string]string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.css"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var all bytes.Buffer
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all.Write(content)
	}
	all.WriteString(gridClasses())
	text := all.String()
	for plain, hashed := range fonts {
		text = strings.ReplaceAll(text, "font:"+plain, hashed)
	}
	if strings.Contains(text, "url(font:") {
		return nil, fmt.Errorf("a stylesheet names a font that is not in source/font")
	}
	return transform(text, api.TransformOptions{Loader: api.LoaderCSS})
}

// gridClasses places things on a day's grid without inline styles: rows of five minutes, 288 a day, and 24 parts of a
// column's width.
func gridClasses() string {
	var out strings.Builder
	out.WriteString("@layer calendar{")
	for row := range 288 {
		fmt.Fprintf(&out, ".r-%d{grid-row-start:%d}", row, row+1)
	}
	for span := 1; span <= 288; span++ {
		fmt.Fprintf(&out, ".s-%d{grid-row-end:span %d}", span, span)
	}
	for hours := 1; hours <= 24; hours++ {
		fmt.Fprintf(&out, ".h-%d{min-block-size:calc(%d*var(--row))}", hours, hours*12)
	}
	for _, part := range []int{1, 7, 9, 10, 13, 17, 19} { // where two, three or four begin, and those beside a count of the rest
		fmt.Fprintf(&out, ".slots>.c-%d.c-%d{grid-column-start:%d}", part, part, part)
	}
	for _, part := range []int{6, 8, 9, 12, 18} {
		fmt.Fprintf(&out, ".slots>.w-%d.w-%d{grid-column-end:span %d}", part, part, part)
	}
	out.WriteString("}")
	return out.String()
}

// scripts joins htmx, hx-csp and ours into one function in one file: hx-csp must be there before htmx starts.
func scripts(source string) ([]byte, error) {
	var all bytes.Buffer
	for _, path := range []string{"htmx/htmx.js", "htmx/hx-csp.js", "js/passkey.js", "js/editor.js", "js/calendar.js", "js/app.js"} {
		content, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		all.Write(content)
		all.WriteString("\n;\n")
	}
	return transform(all.String(), api.TransformOptions{Loader: api.LoaderJS, Format: api.FormatIIFE,
		Banner: "/* htmx 4.0.1 and hx-csp (0BSD, htmx.org), and Letterhead's own. */"})
}

func transform(text string, options api.TransformOptions) ([]byte, error) {
	options.MinifyWhitespace, options.MinifyIdentifiers, options.MinifySyntax = true, true, true
	options.Target = api.ESNext
	options.Charset = api.CharsetUTF8
	result := api.Transform(text, options)
	for _, message := range append(result.Errors, result.Warnings...) {
		return nil, fmt.Errorf("esbuild: %s (line %d)", message.Text, message.Location.Line)
	}
	return result.Code, nil
}

func nameFile(constants map[string]string) ([]byte, error) {
	var out strings.Builder
	out.WriteString("// Code generated by web/ui/build; DO NOT EDIT.\n\npackage ui\n\n// The built assets by their hashed names.\nconst (\n")
	for _, name := range slices.Sorted(maps.Keys(constants)) {
		fmt.Fprintf(&out, "\tasset%s = %q\n", name, constants[name])
	}
	out.WriteString(")\n")
	return format.Source([]byte(out.String()))
}
