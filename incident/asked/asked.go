// Package asked keeps who asked which route when: a route's pattern, the answer's status, and references to member, session, program and network address.
//
// It is what tells, after an incident, by which route somebody came and what else they tried. Promises: no path with an id in it, no query, no body, no
// name and no address in clear; a bounded buffer that is written together every second, and rows that go after some days. What found no room, or was not
// written because a process was killed within that second, is missing; what found no room is counted in the next row, so that a gap is not taken for rest.
//
// Never: a request that waits for it.
package asked

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"letterhead/store"
)

// Request is one request that was answered.
type Request struct {
	Practice   store.PracticeID // "" where nobody was known
	At         time.Time
	Route      string
	Status     int
	Member     store.MemberID
	Session    string
	Credential string
	Address    string // keyed hash
}

const (
	// Kept is for how long, where nobody says.
	Kept = 90 * 24 * time.Hour

	mostWaiting = 10_000
	writeEvery  = time.Second
	forgetEvery = time.Hour
	forgetStep  = 5000
	mostRoute   = 200
)

// Log is one process's. A nil one keeps nothing.
type Log struct {
	db  *store.DB
	log *slog.Logger

	mu      sync.Mutex
	waiting []Request
	lost    int64 // requests that found no room since the last write
}

// New makes a log; Run writes it.
func New(db *store.DB, log *slog.Logger) *Log { return &Log{db: db, log: log} }

// Note takes a request in. It never waits for the database.
func (l *Log) Note(r Request) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= mostWaiting {
		l.lost++
		return
	}
	r.Route = r.Route[:min(len(r.Route), mostRoute)]
	l.waiting = append(l.waiting, r)
}

// Run writes every second until the context ends, and then once more; rows older than kept go.
func (l *Log) Run(ctx context.Context, kept time.Duration) {
	write, forget := time.NewTicker(writeEvery), time.NewTicker(forgetEvery)
	defer write.Stop()
	defer forget.Stop()
	trouble := func(err error) {
		if err != nil && ctx.Err() == nil {
			l.log.Error("who asked what", slog.Any("error", err))
		}
	}
	trouble(Forget(ctx, l.db, kept))
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			if err := l.Write(last); err != nil {
				l.log.Error("who asked what", slog.Any("error", err))
			}
			return
		case <-write.C:
			trouble(l.Write(ctx))
		case <-forget.C:
			trouble(Forget(ctx, l.db, kept))
		}
	}
}

// Write writes what waits. What cannot be written waits on.
func (l *Log) Write(ctx context.Context) error {
	l.mu.Lock()
	list, lost := l.waiting, l.lost
	l.waiting, l.lost = nil, 0
	l.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	rows := make([]any, 0, 10*len(list))
	for i, r := range list {
		gone := int64(0)
		if i == 0 {
			gone = lost
		}
		rows = append(rows, string(r.Practice), store.NewID[string](), store.Micro(r.At), r.Route, int64(r.Status), string(r.Member), r.Session, r.Credential, r.Address, gone)
	}
	err := l.db.Whole(ctx, "who asked what", func(w *store.Wide) error {
		_, err := w.Set(ctx, put, rows)
		return err
	})
	if err == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	room := max(0, mostWaiting-len(l.waiting))
	l.waiting = append(list[:min(len(list), room):min(len(list), room)], l.waiting...)
	l.lost += lost + int64(max(0, len(list)-room))
	return fmt.Errorf("write who asked what: %w", err)
}

var put = store.NewSet(`WITH v (practice, id, at, route, status, member, session, credential, address, lost) AS (VALUES
	('', '', (SELECT at FROM route_use WHERE practice = '' AND id = ''), '', (SELECT status FROM route_use WHERE practice = '' AND id = ''), '', '', '', '', (SELECT lost FROM route_use WHERE practice = '' AND id = '')), `, `)
	INSERT INTO route_use (practice, id, at, route, status, member, session, credential, address, lost)
	SELECT v.practice, v.id, v.at, v.route, v.status, v.member, v.session, v.credential, v.address, v.lost FROM v WHERE v.id <> ''`,
	"", "", int64(0), "", int64(0), "", "", "", "", int64(0))

// Forget deletes what is older than kept, in steps.
func Forget(ctx context.Context, db *store.DB, kept time.Duration) error {
	for {
		var gone int64
		err := db.Whole(ctx, "forget who asked what", func(w *store.Wide) (err error) {
			gone, err = w.Exec(ctx, `DELETE FROM route_use WHERE (practice, id) IN (SELECT practice, id FROM route_use WHERE at < $1 ORDER BY at LIMIT $2)`, store.Micro(w.Now.Add(-kept)), forgetStep)
			return err
		})
		if err != nil || gone < forgetStep {
			return err
		}
	}
}
