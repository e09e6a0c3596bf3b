package public

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/wording/code"
)

type known map[code.Code]Checked

func (k known) Clinic(_ context.Context, label string) (Clinic, error) {
	if label != "wattle" {
		return Clinic{}, fault.New(fault.NotFound, "test", "")
	}
	return Clinic{Practice: "a", Label: label, Name: "Wattle <b>", Accent: "#123456"}, nil
}

func (k known) Ask(_ context.Context, practice store.PracticeID, c code.Code, _ Shown) (Checked, error) {
	if practice == "a" && c != "K7QF3M9PYY" {
		return Checked{}, nil
	}
	if c == "ZZZZZZZZZZ" {
		return Checked{}, errors.New("nobody can tell")
	}
	return k[c], nil
}

func questions(t *testing.T) func(typed string, words string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := New(Parts{DB: testkit.Open(t, testkit.SQLite, nil), Evenly: time.Millisecond, Checks: known{
		"K7QF3M9PXD": {Verdict: Compare, Name: "Wattle <b>", Phone: "(03) 5550 0142", Accent: "red", At: time.Unix(1_790_000_000, 0), Hosts: []string{"wattle.example"}},
		"K7QF3M9PYX": {Verdict: Compare, Older: true, Name: "Wattle", At: time.Unix(1_790_000_000, 0)},
		"K7QF3M9PYY": {Verdict: Erased, At: time.Unix(1_790_000_000, 0)},
		"K7QF3M9PZX": {Verdict: Withdrawn, Disowned: true, Name: "Wattle <b>"},
		"K7QF3M9PXX": {Verdict: Withdrawn, Name: "Wattle"}, "K7QF3M9PXY": {Verdict: Genuine, WordsOnly: true, Name: "Wattle"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return func(typed, words string) *httptest.ResponseRecorder {
		path := checkPath
		if label, rest, is := strings.Cut(typed, "@"); is {
			path, typed = path+"/"+label, rest
		}
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(url.Values{"code": {typed}, "words": {words}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
}

func TestWhatThePageSays(t *testing.T) {
	t.Parallel()
	ask := questions(t)
	for _, c := range []struct {
		typed, words, says string
		status             int
	}{
		{"k7qf 3m9p xd", "", "We sent a message with this code", 200},
		{"k7qf 3m9p xd", "other words", "not what we sent", 200},
		{"K7QF3M9PYX", "", "We sent a message with this code", 200},
		{"K7QF3M9PYX", "other words", "made by an earlier version of this program", 200},
		{"K7QF3M9PXX", "", "Do not act on this message", 200},
		{"K7QF3M9PXX", "", "withdrawn or stopped", 200},
		{"K7QF3M9PZX", "", "did not write this message", 200},
		{"K7QF3M9PXY", "words", "Words do not show where a link leads", 200},
		{"K7QF3M9PZZ", "<script>alert(1)</script>", "This code is not ours", 200},
		{"<script>", "", "That is not a code", 422},
		{"wattle@<script>", "", "/check/wattle", 422},
		{"wattle@K7QF3M9PYY", "", "has been erased since", 200},
		{"wattle@K7QF3M9PXD", "", "This code is not ours", 200},
		{"wattle@K7QF3M9PXD", "", "Wattle &lt;b&gt;", 200},
		{"banksia@K7QF3M9PXD", "", "There is nothing here", 404},
		{"ZZZZZZZZZZ", "", "This did not work", 500},
	} {
		if c.typed == "K7QF3M9PXX" || c.typed == "<script>" || strings.HasPrefix(c.typed, "banksia") {
			ask = questions(t) // the next ten questions
		}
		w := ask(c.typed, c.words)
		if page := w.Body.String(); w.Code != c.status || !strings.Contains(page, c.says) || strings.Contains(page, "<script") || strings.Contains(page, "<b>") {
			t.Errorf("%q: %d %s", c.typed, w.Code, page)
		}
	}
}

func TestGuessingIsHeldUp(t *testing.T) {
	t.Parallel()
	ask := questions(t)
	for i := range askPlace + 1 {
		if w := ask("K7QF3M9PZZ", ""); (w.Code == http.StatusTooManyRequests) != (i == askPlace) {
			t.Errorf("question %d: %d", i, w.Code)
		}
	}
}

// Whoever has more addresses than are counted asks no more with each further one.
func TestGuessingFromEverywhereIsHeldUp(t *testing.T) {
	t.Parallel()
	h, err := New(Parts{DB: testkit.Open(t, testkit.SQLite, testkit.NewClock(t, "2026-11-30T21:00:00Z")), Checks: known{}, Address: func(r *http.Request) string { return r.Header.Get("X-From") }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxKeys + 10 {
		r := httptest.NewRequest(http.MethodPost, checkPath, strings.NewReader("code=K7QF3M9PZZ"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-From", fmt.Sprintf("10.0.%d.%d", i/256, i%256))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if (w.Code == http.StatusTooManyRequests) != (i >= maxKeys) {
			t.Fatalf("question %d: %d", i, w.Code)
		}
	}
}

// When all together ask more than people do, a place has one question a minute left.
func TestManyQuestionsLeaveOneToAPlace(t *testing.T) {
	t.Parallel()
	h, err := New(Parts{DB: testkit.Open(t, testkit.SQLite, testkit.NewClock(t, "2026-11-30T21:00:00Z")), Checks: known{}, Address: func(r *http.Request) string { return r.Header.Get("X-From") }})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(from string) int {
		r := httptest.NewRequest(http.MethodPost, checkPath, strings.NewReader("code=K7QF3M9PZZ"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-From", from)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for i := range askAll {
		if got := ask(fmt.Sprintf("10.0.%d.%d", i/256, i%256)); got != http.StatusOK {
			t.Fatalf("question %d: %d", i, got)
		}
	}
	if first, second := ask("192.0.2.1"), ask("192.0.2.1"); first != http.StatusOK || second != http.StatusTooManyRequests {
		t.Errorf("a new place is answered %d, then %d", first, second)
	}
}

func TestALargeMailIsRefused(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]bool{1 << 20: true, 10 << 20: false} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("code", "K7QF3M9PXD")
		file, err := form.CreateFormFile("mail", "a.eml")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write(make([]byte, size))
		_ = form.Close()
		r := httptest.NewRequest(http.MethodPost, checkPath, &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, maxMail+maxBody)
		shown, _, wrong := readCheck(r)
		if (wrong == "") != want || want && len(shown.Mail) != size {
			t.Errorf("%d bytes: %q", size, wrong)
		}
	}
}

// A practice's own page takes what everybody's takes: the source of a mail with pictures in it.
func TestAWholeMailIsAskedAboutOnEitherPage(t *testing.T) {
	t.Parallel()
	h, err := New(Parts{DB: testkit.Open(t, testkit.SQLite, nil), Evenly: time.Millisecond, Checks: known{"K7QF3M9PYY": {Verdict: Erased, At: time.Unix(1_790_000_000, 0)}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{checkPath, checkPath + "/wattle"} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("code", "K7QF3M9PYY")
		file, err := form.CreateFormFile("mail", "a.eml")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write(make([]byte, 1<<20))
		_ = form.Close()
		r := httptest.NewRequest(http.MethodPost, path, &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
