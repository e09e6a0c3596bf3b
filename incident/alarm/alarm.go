// Package alarm opens incidents from what the program itself notices: stops that the breaker made, many complaints in an hour, a record of messages that
// does not verify, a journal that is not this database's.
//
// Promises: what raises an alarm stays stopped whether the incident could be written or not: the breaker's stop is there before, and a courier that cannot
// believe its journal or ledger sends nothing. One alarm, one incident: looking again changes nothing. Stops of the breaker within an hour are one incident.
//
// Never: a lift; a stop that is wider than what was seen.
package alarm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/store"
)

const (
	// BreakerWho is who makes the breaker's stops.
	BreakerWho = "the breaker"

	together   = time.Hour // stops of the breaker are one incident
	burstIn    = time.Hour
	burstLeast = 5   // complaints of a practice within burstIn
	burstShare = 300 // and at least one of so many that left in that time
)

// Breaker opens an incident of the breaker's stops that belong to none, or adds them to the one that is open. It returns the incidents that are new.
func Breaker(ctx context.Context, w *store.Wide) (fresh []book.Case, err error) {
	open, err := message.Stops(ctx, w)
	if err != nil {
		return nil, err
	}
	var made []message.Stop
	for _, s := range open {
		if s.Who == BreakerWho {
			made = append(made, s)
		}
	}
	if len(made) == 0 {
		return nil, nil
	}
	known, err := book.Known(ctx, w, made)
	if err != nil {
		return nil, err
	}
	var news []message.Stop
	for _, s := range made {
		if !known[s.ID] {
			news = append(news, s)
		}
	}
	if len(news) == 0 {
		return nil, nil
	}
	if c, err := book.Lately(ctx, w, book.Breaker, w.Now.Add(-together)); err == nil {
		return nil, errors.Join(book.Contain(ctx, w, c.ID, news...), book.Tell(ctx, w, c.ID, of(news)...))
	}
	first := news[0]
	for _, s := range news {
		if s.At.Before(first.At) {
			first = s
		}
	}
	c, isNew, err := book.Raise(ctx, w, book.Opening{Kind: book.Breaker, Alarm: "breaker " + first.ID, By: BreakerWho, From: first.At.Add(-24 * time.Hour), Stops: news,
		Facts: book.Facts{Title: "Messages were stopped that no ordinary day explains", Description: first.Reason}})
	if err != nil {
		return nil, err
	}
	if isNew {
		fresh = append(fresh, c)
	}
	return fresh, book.Tell(ctx, w, c.ID, of(news)...)
}

// of are the practices of stops: those that have one are told without anybody's doing.
func of(stops []message.Stop) (out []store.PracticeID) {
	for _, s := range stops {
		if s.Practice != "" && !slices.Contains(out, s.Practice) {
			out = append(out, s.Practice)
		}
	}
	return out
}

// Burst is a practice whose mails many receivers reported.
type Burst struct {
	Practice         store.PracticeID
	Complaints, Left int
	Version          string // digest of the one version that all of them have; "" where there are several
}

// Bursts finds practices with many complaints within the last hour.
func Bursts(ctx context.Context, w *store.Wide) ([]Burst, error) {
	since := store.Micro(w.Now.Add(-burstIn))
	rows, err := w.Query(ctx, bursts, since, burstLeast)
	found, err := store.Collect(rows, err, func(r *store.Rows) (b Burst, err error) {
		var least, most string
		if err = r.Scan(&b.Practice, &b.Complaints, &least, &most); err == nil && least == most {
			b.Version = least
		}
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for complaints: %w", err)
	}
	var out []Burst
	for _, b := range found {
		if err := w.Row(ctx, `SELECT count(*) FROM message WHERE practice = $1 AND created_at >= $2 AND left_at >= $3`, string(b.Practice),
			store.Micro(w.Now.Add(-24*time.Hour)), store.Micro(w.Now.Add(-24*time.Hour))).Scan(&b.Left); err != nil {
			return nil, err
		}
		if b.Complaints*burstShare >= b.Left {
			out = append(out, b)
		}
	}
	return out, nil
}

const bursts = `SELECT s.practice, count(*), min(m.digest), max(m.digest) FROM message_step s JOIN message m ON m.practice = s.practice AND m.id = s.message
	WHERE s.step = 'complained' AND s.at >= $1 GROUP BY s.practice HAVING count(*) >= $2 ORDER BY s.practice LIMIT 1000`

// Stop is what a burst needs stopped: the one version where there is one, else what the practice sends.
func (b Burst) Stop() (scope message.Scope, subject, reason string) {
	reason = fmt.Sprintf("complaints: %d receivers reported mails within an hour", b.Complaints)
	if b.Version != "" {
		return message.StopVersion, b.Version, reason
	}
	return message.StopPractice, "", reason
}

// Alarm is the burst's name: one a day.
func (b Burst) Alarm(now time.Time) string {
	return "complaints " + string(b.Practice) + " " + now.UTC().Format(time.DateOnly)
}

// Opening is the incident of a burst whose stop was made.
func (b Burst) Opening(now time.Time, made message.Stop) book.Opening {
	return book.Opening{Kind: book.Complaints, Alarm: b.Alarm(now), By: "complaints", Stops: []message.Stop{made},
		Facts: book.Facts{Title: "Many receivers reported mails as unwanted", Description: made.Reason}}
}

// Broken is the incident of a record or journal that is not to be believed; why names no person. One a day and reason.
func Broken(kind book.Kind, now time.Time, why string) book.Opening {
	title := "The record of messages does not verify"
	if kind == book.Journal {
		title = "The courier’s journal and the database do not fit"
	}
	return book.Opening{Kind: kind, Alarm: string(kind) + " " + now.UTC().Format(time.DateOnly), By: "the courier", Facts: book.Facts{Title: title, Description: why}}
}
