package stops

import (
	"context"
	"log/slog"
	"time"

	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/courier/socket"
	"letterhead/message"
	"letterhead/store"
)

// Lately is how far back the answer to a stop looks for what had begun.
const Lately = time.Minute

// Listen serves the courier's own socket until ctx ends, in the folder that the courier and its journal have. why is what keeps it from sending.
func (s *Stops) Listen(ctx context.Context, folder, journal string, why func() string, log *slog.Logger) error {
	return socket.Serve(ctx, folder, s.journal.Process(), func(_ context.Context, r socket.Request) socket.Answer {
		answer := s.Answer(r, journal, why())
		if r.Do == socket.Stop {
			log.Warn("told to stop", slog.String("practice", r.Practice), slog.String("scope", r.Scope), slog.String("error", answer.Error))
		}
		return answer
	})
}

// Answer does what a courier was asked on its socket, and says how things are, by the journal's folder alone: it does not need the database.
func (s *Stops) Answer(r socket.Request, folder, why string) socket.Answer {
	out := socket.Answer{Process: s.journal.Process(), Why: why}
	if r.Do == socket.Stop {
		if err := s.tell(r); err != nil {
			out.Error = err.Error()
			return out
		}
	}
	open, _, err := s.journal.Stops()
	if err != nil {
		out.Error = err.Error()
		return out
	}
	out.Stops = len(open)
	for _, n := range open[max(0, len(open)-socket.MostOpen):] {
		known := logbook.StopOf(n)
		out.Stopped = append(out.Stopped, socket.Open{ID: n.ID, Practice: string(n.Practice), Scope: string(known.Scope), Subject: n.Subject, Reason: n.Reason, At: known.At})
	}
	s.journal.Flush()
	if out.Begun, out.Handed, err = Begun(folder, "", s.db.Now()); err != nil {
		out.Error = err.Error()
	}
	return out
}

// tell notes a stop in the journal, and has nothing begin before it was read from there.
func (s *Stops) tell(r socket.Request) error {
	id := r.ID
	if id == "" {
		id = store.NewID[string]()
	}
	return s.Make(message.Stop{Practice: store.PracticeID(r.Practice), ID: id, Scope: message.Scope(r.Scope), Subject: r.Subject, Reason: r.Reason, Who: "the courier's socket", At: s.db.Now()})
}

// Make notes a stop in the journal alone, on disk when it returns; Settle gives it its row. Whoever asks next knows of it.
func (s *Stops) Make(stop message.Stop) error {
	if err := stop.Check(); err != nil {
		return err
	}
	if err := s.journal.NoteStops([]journal.Stop{Noted(stop)}, nil); err != nil {
		return err
	}
	s.Forget()
	return nil
}

// Begun are the hand-offs of a practice, or of all, that had begun in the last minute, by a journal's folder: the latest of them, and how many.
func Begun(folder string, practice store.PracticeID, now time.Time) (list []socket.Handed, total int, err error) {
	all, total, err := journal.Recent(folder, now.Add(-Lately))
	if err != nil {
		return nil, 0, err
	}
	list = []socket.Handed{}
	for _, h := range all {
		state := "begun"
		if h.Answer != nil {
			state = h.Answer.State
		}
		switch {
		case practice != "" && h.Practice != practice:
			total--
		case len(list) < socket.MostBegun:
			list = append(list, socket.Handed{Practice: string(h.Practice), Message: h.ID, At: h.At, State: state})
		}
	}
	return list, total, nil
}
