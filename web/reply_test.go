package web

import (
	"context"
	"strconv"
	"testing"

	"letterhead/calendar"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
)

const phone = "+61491570156"

// told makes it so that a text message about somebody's appointment went to the phone, some hours ago.
func (w *world) told(h home, who string, hours int) message.Message {
	w.Helper()
	m := message.Message{Intent: message.Intent{ID: w.left(h, who, message.SMS, who), Client: string(h.clients[who])}}
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		a, err := calendar.Find(ctx, tx, h.appointments[who])
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE message SET address_index = $3, attendee = $4, generation = $5, created_at = $6 WHERE practice = $1 AND id = $2`,
			string(m.ID), keys.Index("mobile", phone), string(a.Attendees[0].ID), a.Generation, store.Micro(tx.Now)-int64(hours)*3600_000_000)
		return err
	})
	return m
}

func (w *world) texts(h home, m message.Message, text string) {
	w.Helper()
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		return letter.Texts{Keeper: w.keeper}.Keep(ctx, tx, m, "texts "+text+strconv.Itoa(len(w.log.Bytes())), phone, text)
	})
}

func (w *world) answered(h home, who string) calendar.Confirmation {
	w.Helper()
	return w.appointment(h, h.appointments[who]).Attendees[0].Confirmation
}

// A yes confirms the one appointment that it can be about, and nobody has to look at it; a no asks somebody; what says more, or less, waits.
func TestAShortAnswer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		confirmation calendar.Confirmation
		waits        bool
	}{
		"Y": {calendar.Confirmed, false}, " yes! ": {calendar.Confirmed, false}, "Yes please": {calendar.Confirmed, false},
		"N": {calendar.CheckReply, true}, "Cancel": {calendar.CheckReply, true}, "can't come": {calendar.CheckReply, true},
		"yes but later?": {calendar.NotAsked, true}, "ok": {calendar.NotAsked, true}, "STOP": {calendar.NotAsked, true}, "": {calendar.NotAsked, true}, "yesterday": {calendar.NotAsked, true},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				m := w.told(w.one, "Costa", 1)
				w.texts(w.one, m, text)
				if got := w.answered(w.one, "Costa"); got != want.confirmation {
					t.Errorf("it is %q, want %q", got, want.confirmation)
				}
				if got := w.answered(w.two, "Costa"); got != calendar.NotAsked {
					t.Errorf("the other practice's is %q", got)
				}
				n := 0
				w.view(w.one, func(ctx context.Context, tx *store.Tx) (err error) {
					n, _, err = letter.Unanswered(ctx, tx)
					return err
				})
				if (n == 1) != want.waits {
					t.Errorf("%d answers wait", n)
				}
			})
		})
	}
}

// What a yes might be about twice, or is about no more, waits for a person.
func TestAYesIsNeverGuessed(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]func(w *world) message.Message{
		"a family on one phone": func(w *world) message.Message { w.told(w.one, "Reid", 24*40); return w.told(w.one, "Costa", 1) },
		"told four days ago":    func(w *world) message.Message { return w.told(w.one, "Costa", 97) },
		"an appointment that was moved since": func(w *world) message.Message {
			m := w.told(w.one, "Costa", 1)
			w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE message SET generation = generation + 1 WHERE practice = $1 AND id = $2`, string(m.ID))
				return err
			})
			return m
		},
		"one that is cancelled": func(w *world) message.Message {
			m := w.told(w.one, "Costa", 1)
			w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
				_, err := calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: w.one.appointments["Costa"], Version: 1, By: calendar.ByPractice, Reason: "other"})
				return err
			})
			return m
		},
		"a number that was told nothing": func(*world) message.Message { return message.Message{} },
		"a place that is another's now": func(w *world) message.Message {
			m := w.told(w.one, "Costa", 1)
			w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
				_, err := calendar.Reattend(ctx, tx, w.one.clients["Costa"], w.one.clients["Haddad"])
				return err
			})
			return m
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				w.texts(w.one, given(w), "Y")
				if got := w.answered(w.one, "Costa"); got == calendar.Confirmed {
					t.Error("it was taken for a yes")
				}
			})
		})
	}
}

// The day shows who may not come, and the thread what was confirmed by whom.
func TestAnswersAreShown(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.texts(w.one, w.told(w.one, "Costa", 1), "yes")
		w.says(w.get("/clients/"+string(w.one.clients["Costa"])+"/messages"), 200, "Confirmed the appointment")
		w.says(w.get("/clients/"+string(w.one.clients["Costa"])), 200, "Confirmed")
		w.texts(w.one, w.told(w.one, "Costa", 0), "no")
		w.says(w.get("/clients/"+string(w.one.clients["Costa"])), 200, "May not come")
	})
}
