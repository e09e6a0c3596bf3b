package ui

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"letterhead/web/ui/text"
)

func sampleFrame(nonce string) Frame {
	return Frame{Title: "Design", Practice: "Wattle Street Physiotherapy", Home: "/", Text: text.For("en"), Nonce: nonce, Current: "/", Person: "Petra Schäfer",
		Zone: "Melbourne", Places: []Place{{Name: "Today", Path: "/", Key: "t"}, {Name: "Calendar", Path: "/calendar", Key: "c"}, {Name: "Clients", Path: "/clients", Key: "l"},
			{Name: "Messages", Path: "/messages", Key: "m", Count: 3}, {Name: "Templates", Path: "/templates"}, {Name: "Trust", Path: "/trust", Count: 1}, {Name: "Settings", Path: "/settings"}}}
}

func render(t *testing.T, nonce string, part templ.Component) string {
	t.Helper()
	var out bytes.Buffer
	if err := part.Render(WithNonce(context.Background(), nonce), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// DesignServer serves the design page as members' pages are served; screenshots are taken from it.
func designServer(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("GET "+AssetPath, Assets())
	mux.HandleFunc("GET /design", func(w http.ResponseWriter, r *http.Request) {
		frame := sampleFrame(NewNonce())
		frame.Accent = Accent(r.URL.Query().Get("accent"))
		if r.URL.Query().Get("dir") == "rtl" {
			turned := *frame.Text
			turned.Direction = "rtl"
			frame.Text = &turned
		}
		frame.Flash = &Flash{Kind: Good, Say: "Booked: João Costa, Tue 1 Dec, 13:00. The confirmation leaves in 3 minutes.", Undo: "/undo", Action: "Undo"}
		w.Header().Set("Content-Security-Policy", ContentPolicy(frame.Nonce))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = DesignPage(frame).Render(WithNonce(r.Context(), frame.Nonce), w)
	})
	mux.HandleFunc("GET /design/part", func(w http.ResponseWriter, r *http.Request) {
		nonce := NewNonce()
		w.Header().Set("Content-Security-Policy", ContentPolicy(nonce))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<b id="loaded">loaded</b><button id="injected" hx-get="/design/part" hx-target="#part">no nonce</button>`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestDesignPageKeepsThePolicy(t *testing.T) {
	t.Parallel()
	page := render(t, "N0NCE", DesignPage(sampleFrame("N0NCE")))
	for name, forbidden := range map[string]string{"inline style": `\sstyle=`, "style element": `<style`, "handler": `\son[a-z]+=`, "javascript address": `javascript:`,
		"address replaced by templ": `about:invalid`} {
		if found := regexp.MustCompile(forbidden).FindString(page); found != "" {
			t.Errorf("%s: %q", name, found)
		}
	}
	if strings.Count(page, "<script") != 1 || !strings.Contains(page, `nonce="N0NCE" src="/asset/letterhead-`) {
		t.Error("want one script with the nonce")
	}
	for _, tag := range regexp.MustCompile(`<[a-z]+[^>]*\shx-(get|post)=[^>]*>`).FindAllString(page, -1) {
		if !strings.Contains(tag, `hx-nonce="N0NCE"`) {
			t.Errorf("htmx would refuse %s", tag)
		}
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[id[1]] {
			t.Errorf("two elements have the id %s", id[1])
		}
		ids[id[1]] = true
	}
	for _, attribute := range []string{"for", "aria-describedby", "aria-labelledby"} {
		for _, reference := range regexp.MustCompile(`\s`+attribute+`="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			for part := range strings.FieldsSeq(reference[1]) {
				if !ids[part] {
					t.Errorf("%s=%q leads nowhere", attribute, part)
				}
			}
		}
	}
}

// Every class that components use is in the stylesheet.
func TestClassesExist(t *testing.T) {
	t.Parallel()
	style, err := assets.ReadFile("asset/" + assetStylesheet)
	if err != nil {
		t.Fatal(err)
	}
	page := render(t, "n", DesignPage(sampleFrame("n")))
	plain := map[string]bool{"not-phone": true, "g": true, "line": true, "plain": true, "": true, "never": true, "signed": true, "waiting": true, "stopped": true, "info": true, "grow": true}
	for _, attribute := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		for class := range strings.FieldsSeq(attribute[1]) {
			if !plain[class] && !regexp.MustCompile(`\.`+regexp.QuoteMeta(class)+`\b`).Match(style) {
				t.Errorf("no rule for .%s", class)
			}
		}
	}
}

func TestValuesAreEscaped(t *testing.T) {
	t.Parallel()
	hostile := `"><script>alert(1)</script><a href="javascript:x">`
	frame := sampleFrame("n")
	frame.Practice, frame.Person = hostile, hostile
	frame.Flash = &Flash{Say: hostile, Link: "javascript:alert(1)", Action: hostile}
	page := render(t, "n", DesignPage(frame)) + render(t, "n", Input(frame.Text, Field{Name: "a", Label: hostile, Value: hostile, Error: hostile})) +
		render(t, "n", Timeline(frame.Text, []Entry{{What: hostile, How: hostile, Lines: []Line{{Say: hostile}}}}))
	if strings.Contains(page, "<script>alert") {
		t.Error("mark-up got through")
	}
}

// WCAG 1.4.3 and 1.4.11: text 4.5 to 1, borders of inputs and dots that mean something 3 to 1; in light and dark, with every accent.
func TestContrast(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("source", "css", "01-tokens.css"))
	if err != nil {
		t.Fatal(err)
	}
	tokens := func(block string) map[string][2]string {
		found := map[string][2]string{}
		for _, token := range regexp.MustCompile(`--([a-z0-9-]+):light-dark\((#[0-9a-f]{6}),(#[0-9a-f]{6})\)`).FindAllStringSubmatch(block, -1) {
			found[token[1]] = [2]string{token[2], token[3]}
		}
		return found
	}
	root, _, _ := strings.Cut(string(source), ".accent-green")
	base := tokens(root)
	pairs := []struct {
		text, ground string
		least        float64
	}{{"ink", "paper", 7}, {"ink", "sheet", 7}, {"ink", "sunk", 7}, {"ink-2", "paper", 4.5}, {"ink-2", "sheet", 4.5}, {"ink-2", "sunk", 4.5}, {"seal", "paper", 4.5}, {"seal", "sheet", 4.5},
		{"seal-ink", "seal", 4.5}, {"good", "good-soft", 4.5}, {"warn", "warn-soft", 4.5}, {"bad", "bad-soft", 4.5}, {"bad", "sheet", 4.5}, {"ink-2", "good-soft", 4.5}, {"ink-2", "warn-soft", 4.5},
		{"ink-2", "bad-soft", 4.5}, {"rule-strong", "sheet", 3}, {"rule-strong", "paper", 3}, {"good", "sheet", 3}, {"warn", "sheet", 3}}
	for _, pair := range pairs {
		check(t, "", base, pair.text, pair.ground, pair.least)
	}
	for _, accent := range Accents() {
		own := base
		if accent != Blue {
			line := regexp.MustCompile(`\.accent-` + string(accent) + `\{[^}]*\}`).FindString(string(source))
			own = tokens(line)
			for _, ground := range []string{"paper", "sheet", "sunk", "ink", "ink-2"} {
				own[ground] = base[ground]
			}
		}
		for _, pair := range [][2]string{{"accent", "paper"}, {"accent", "sheet"}, {"accent", "sunk"}, {"accent-ink", "accent"}, {"accent", "accent-soft"}, {"ink", "accent-soft"}, {"ink-2", "accent-soft"}} {
			check(t, string(accent), own, pair[0], pair[1], 4.5)
		}
	}
}

func check(t *testing.T, accent string, tokens map[string][2]string, ink, ground string, least float64) {
	t.Helper()
	for mode, name := range []string{"light", "dark"} {
		a, b := tokens[ink][mode], tokens[ground][mode]
		if a == "" || b == "" {
			t.Fatalf("accent %q: no token %s or %s", accent, ink, ground)
		}
		if have := contrast(a, b); have < least {
			t.Errorf("accent %q, %s: %s on %s is %.2f, less than %.1f", accent, name, ink, ground, have, least)
		}
	}
}

// contrast is WCAG 2.2's ratio of relative luminances.
func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(colour string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, _ := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		channel := float64(value) / 255
		if channel <= 0.04045 {
			channel /= 12.92
		} else {
			channel = math.Pow((channel+0.055)/1.055, 2.4)
		}
		sum += weight * channel
	}
	return sum
}

func TestAssets(t *testing.T) {
	t.Parallel()
	handler := Assets()
	get := func(method, path string, header ...string) *http.Response {
		request := httptest.NewRequest(method, path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Result()
	}
	packed := get("GET", AssetPath+assetScript, "Accept-Encoding", "br, gzip")
	reader, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	script, _ := io.ReadAll(reader)
	plain, _ := io.ReadAll(get("GET", AssetPath+assetScript, "Accept-Encoding", "gzip;q=0").Body)
	if !bytes.Equal(script, plain) || len(plain) < 30_000 {
		t.Errorf("packed and plain differ: %d and %d bytes", len(script), len(plain))
	}
	for name, want := range map[string]string{"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff", "Content-Encoding": "gzip", "Vary": "Accept-Encoding"} {
		if have := packed.Header.Get(name); have != want {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
	}
	if again := get("GET", AssetPath+assetScript, "Accept-Encoding", "gzip", "If-None-Match", packed.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: %d", again.StatusCode)
	}
	font := get("GET", AssetPath+assetFontSans, "Accept-Encoding", "gzip")
	if font.Header.Get("Content-Type") != "font/woff2" || font.Header.Get("Content-Encoding") != "" {
		t.Errorf("font: %v", font.Header)
	}
	for path, want := range map[string]int{AssetPath: 404, AssetPath + "../ui.go": 404, AssetPath + "nothing.js": 404, AssetPath + "source-serif-4.OFL.txt": 200} {
		if have := get("GET", path).StatusCode; have != want {
			t.Errorf("%s: %d, want %d", path, have, want)
		}
	}
	if refused := get("POST", AssetPath+assetScript); refused.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", refused.StatusCode)
	}
}

func TestUnknownAccentIsPlain(t *testing.T) {
	t.Parallel()
	if class := Accent(`x" onload="`).class(); class != "" {
		t.Errorf("an accent nobody tested became the class %q", class)
	}
}

func TestNonces(t *testing.T) {
	t.Parallel()
	one, two := NewNonce(), NewNonce()
	if one == two || len(one) != 22 {
		t.Errorf("nonces %q and %q", one, two)
	}
	policy := ContentPolicy(one)
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'nonce-"+one+"'") {
		t.Error(policy)
	}
}
