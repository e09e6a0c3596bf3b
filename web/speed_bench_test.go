package web

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/visitor"
	"letterhead/transfer"
	"letterhead/vault"
)

// crowded brings so many clients and appointments into a practice, the way that practices do: by an import.
func (w *world) crowded(h home, clients, appointments int) {
	w.Helper()
	var people, booked bytes.Buffer
	people.WriteString("Client ID,First Name,Last Name,Date of Birth,Email,Mobile,Reminder Type,Archived\n")
	for i := range clients {
		fmt.Fprintf(&people, "%d,%s,%s,%02d/%02d/%d,c%d@example.org,04%08d,Email,No\n", i, aspen(i%676), aspen(i/676), 1+i%28, 1+i%12, 1930+i%80, i, 10000000+i)
	}
	booked.WriteString("Appointment ID,Client ID,Practitioner,Service,Date,Start Time,Minutes,Location,Status\n")
	day := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for i := range appointments { // twenty practitioners, eight an hour and day each, over two years back and half a year ahead
		at := day.AddDate(0, 0, (i*7919)%900-720)
		fmt.Fprintf(&booked, "%d,%d,Practitioner %d,Standard,%s,%02d:%02d,15,Main,Booked\n", i, (i*104729)%clients, i%20, at.Format("02/01/2006"), 8+i%9, i/9%4*15)
	}
	source := transfer.Source{FS: fstest.MapFS{"clients.csv": {Data: people.Bytes()}, "appointments.csv": {Data: booked.Bytes()}, "practice.json": {Data: []byte(`{"date_order":"DMY"}`)}}}
	if _, err := transfer.Import(context.Background(), w.db, w.keeper, h.id, source, transfer.Options{}); err != nil {
		w.Fatal(err)
	}
}

// BenchmarkDesk asks the pages of a front desk at 50 requests a second for ten seconds and says how long the server took: LETTERHEAD_CLIENTS clients with ten
// appointments each, 50,000 unless said otherwise.
//
//	go test ./web -run '^$' -bench Desk -benchtime 1x -timeout 60m
func BenchmarkDesk(b *testing.B) {
	clients := 50_000
	if said, err := strconv.Atoi(os.Getenv("LETTERHEAD_CLIENTS")); err == nil {
		clients = said
	}
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			w := &world{TB: b, clock: testkit.NewClock(b, morning), owners: map[store.PracticeID]string{}}
			w.db = testkit.Open(b, engine, w.clock)
			keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				b.Fatal(err)
			}
			w.keeper = keeper
			w.one = w.home("Wattle Street Physiotherapy", "petra@example.org")
			began := time.Now()
			w.crowded(w.one, clients, clients*10)
			b.Logf("%d clients and %d appointments brought in: %s", clients, clients*10, time.Since(began).Round(time.Second))
			w.door = visitor.Door(b, w.db, w.keeper)
			pages, err := New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			w.pages = pages
			file := ""
			w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
				return tx.Row(ctx, `SELECT id FROM client WHERE practice = $1 AND external = '77'`).Scan(&file)
			})
			for _, p := range []struct{ name, method, path, form string }{
				{"Today", "GET", "/", ""}, {"calendar week", "GET", "/calendar", ""}, {"client search", "POST", "/clients/find", "find=aspenab"}, {"client page", "GET", "/clients/" + file, ""},
			} {
				alone := w.alone(p.method, p.path, p.form)
				took := w.asked50(p.method, p.path, p.form)
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95-"+strings.ReplaceAll(p.name, " ", "-"))
				b.Logf("%-14s alone, the quickest of 30, %s; 50 a second: p50 %s, p95 %s, most %s", p.name, alone.Round(100*time.Microsecond), took[len(took)/2].Round(100*time.Microsecond), took[len(took)*95/100].Round(100*time.Microsecond), took[len(took)-1].Round(100*time.Microsecond))
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.Logf("heap in use %d MB", m.HeapInuse>>20)
		})
	}
}

// asked50 asks a page 50 times a second for ten seconds, as several people would, and returns how long each answer took, sorted.
func (w *world) asked50(method, path, form string) []time.Duration {
	w.Helper()
	const people, each = 10, 50
	var all []time.Duration
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range people {
		who := w.as(w.one, fmt.Sprintf("p%d@example.org", i), guard.FrontDesk)
		wait.Go(func() {
			ticker := time.NewTicker(200 * time.Millisecond)
			defer ticker.Stop()
			for range each {
				<-ticker.C
				took := w.once(who, method, path, form)
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	slices.Sort(all)
	return all
}

// alone asks a page 30 times, one after the other, and returns the shortest time: what the page costs, whatever else the machine does.
func (w *world) alone(method, path, form string) time.Duration {
	w.Helper()
	who, least := w.as(w.one, "alone@example.org", guard.FrontDesk), time.Hour
	for range 30 {
		least = min(least, w.once(who, method, path, form))
	}
	return least
}

func (w *world) once(who []*http.Cookie, method, path, form string) time.Duration {
	request := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(form))
	request.Host = host
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, cookie := range who {
		request.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	began := time.Now()
	w.pages.ServeHTTP(recorder, request)
	took := time.Since(began)
	if recorder.Code != http.StatusOK {
		w.Errorf("%s: %d", path, recorder.Code)
	}
	return took
}
