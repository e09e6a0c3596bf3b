// Package halt stops and lifts for the operator's commands, on the host of the courier whose folder it is.
//
// A stop is written into the journal and the database; either is enough. What ends the platform's stops is that this process can write in
// the courier's folder, as the trust file says who may send from here: nobody whose reach ends at the database can. A practice's stops end with a
// signature of its own people; in a rehearsal the owner's key in software signs.
package halt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/socket"
	"letterhead/courier/stops"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/rehearse"
	"letterhead/store"
	"letterhead/template"
)

// Of is what is stopped.
type Of struct {
	DB     *store.DB
	Folder string // the courier's
	Trust  trust.File
}

func (o Of) journal() string { return courier.JournalFolder(o.Folder) }

// Stop makes a stop and returns it as it stands; with a member's, their sessions end, and with a program's its key.
func (o Of) Stop(ctx context.Context, stop message.Stop) (message.Stop, error) {
	if err := stop.Check(); err != nil {
		return stop, err
	}
	if stop.Practice != "" {
		return o.practice(ctx, stop)
	}
	stop.ID, stop.At = store.NewID[string](), o.DB.Now()
	if err := o.note(stop); err != nil {
		return stop, err
	}
	return stop, o.DB.Whole(ctx, "stop sending", func(w *store.Wide) error { return message.PutStops(ctx, w, stop) })
}

func (o Of) note(stop message.Stop) error {
	return Note(o.Folder, o.Trust, stop)
}

// Note writes a stop into the journal alone.
func Note(folder string, t trust.File, stop message.Stop) error {
	return journal.NoteStop(courier.JournalFolder(folder), t.Installation, t.Epoch, stops.Noted(stop))
}

func (o Of) practice(ctx context.Context, stop message.Stop) (made message.Stop, err error) {
	err = o.DB.Change(ctx, store.Actor{Practice: stop.Practice, Agent: stop.Who}, func(tx *store.Tx) (err error) {
		if _, err = practice.Find(ctx, tx); err != nil {
			return err
		}
		switch stop.Scope { //nolint:exhaustive // the others end nobody's access
		case message.StopMember:
			_, err = guard.EndVisitsOf(ctx, tx, store.MemberID(stop.Subject))
		case message.StopCredential:
			if err = guard.EndCredential(ctx, tx, stop.Subject); errors.Is(err, store.ErrNone) { // it had ended
				err = nil
			}
		}
		if err != nil {
			return err
		}
		if stop.Scope == message.StopLink {
			if stop.Subject, err = template.LinkOf(ctx, tx, stop.Subject); err != nil {
				return err
			}
		}
		made, err = message.FreezeOnly(ctx, tx, stop.Scope, stop.Subject, stop.Reason)
		return err
	})
	if err != nil {
		return made, err
	}
	return made, o.note(made)
}

// Tell stops without the database: the couriers of the folder are told, and where none runs the journal is. Then there are no answers.
func Tell(ctx context.Context, folder string, stop message.Stop) ([]socket.Answer, error) {
	stop.ID, stop.At = store.NewID[string](), time.Now()
	answers, err := Ask(ctx, folder, socket.Request{Do: socket.Stop, ID: stop.ID, Practice: string(stop.Practice), Scope: string(stop.Scope), Subject: stop.Subject, Reason: stop.Reason})
	if !errors.Is(err, socket.ErrNobody) {
		return answers, err
	}
	t, err := trust.Read(folder)
	if err != nil {
		return nil, err
	}
	return []socket.Answer{}, Note(folder, t, stop)
}

// Ask puts a request to the couriers of a folder. What one of them could not do is an error beside the answers.
func Ask(ctx context.Context, folder string, request socket.Request) ([]socket.Answer, error) {
	answers, err := socket.Ask(ctx, folder, request)
	for _, a := range answers {
		if a.Error != "" {
			err = errors.Join(err, fmt.Errorf("courier %s: %s", a.Process, a.Error))
		}
	}
	return answers, err
}

// LiftPlatform ends what is stopped everywhere, and returns how many stops that were.
func (o Of) LiftPlatform(ctx context.Context, who string) (int, error) {
	var rows []message.Stop
	err := o.DB.WholeView(ctx, "what is stopped", func(w *store.Wide) (err error) {
		rows, err = message.Stops(ctx, w)
		return err
	})
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, r := range rows {
		if r.Practice == "" {
			ids = append(ids, r.ID)
		}
	}
	lifted, err := journal.LiftPlatform(o.journal(), o.Trust.Installation, o.Trust.Epoch, ids...)
	if err != nil {
		return 0, err
	}
	return max(len(ids), len(lifted)), o.DB.Whole(ctx, "lift the platform's stop", func(w *store.Wide) error {
		_, err := message.LiftPlatform(ctx, w, who)
		return err
	})
}

// LiftPractice has the owner's key in software sign, where there is one.
func (o Of) LiftPractice(ctx context.Context, id store.PracticeID) (int, error) {
	err := o.DB.View(ctx, store.Actor{Practice: id, Agent: "command"}, func(tx *store.Tx) error {
		_, err := practice.Find(ctx, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if o.Trust.Mark == trust.Real || !rehearse.Signs(o.Folder, id) {
		return 0, fault.New(fault.Denied, "stop.signature", "a practice's stop ends with a signature of its own people, at the signing desk")
	}
	return rehearse.Lift(ctx, rehearse.Signing{DB: o.DB, Folder: o.Folder, Journal: o.journal(), Practice: id}, o.Trust.Epoch)
}
