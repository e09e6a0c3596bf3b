package drill

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"letterhead/client"
	"letterhead/grant"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/forged"
	"letterhead/rehearse/drill/path"
	"letterhead/rehearse/drill/siege"
	"letterhead/store"
	"letterhead/vault"
)

// onLetters are attacks on a letter to one client that somebody signed, by whoever writes its rows, and has the keys that seal them: as code in serve has,
// where the courier is a process of its own.
func onLetters() []attack {
	return []attack{
		{name: "letter-text-changed", class: "A13", do: letterTextChanged, tries: "other words sealed with the practice's own keys, and their digest, in the rows of a signed letter and of its message"},
		{name: "letter-recipient-changed", class: "A13", do: letterRecipientChanged, tries: "a stranger in the place of the client in those rows"},
		{name: "letter-replayed", class: "A10", bound: 1, do: letterReplayed, tries: "a signed letter that was sent is queued again, as it is and twenty times under ids of its own"},
		{name: "letter-set-going-again", class: "A7", do: letterSetGoingAgain, tries: "a signed letter is withdrawn, and its rows say that it is not"},
	}
}

const friendly = "Dear Jo,\n\nyour orthotics are here. Come by whenever it suits you."

// written has the victim sign a letter to its first client, and changes its rows before it goes.
func (w *world) written(ctx context.Context, attack func(l letter.Letter) error) error {
	return w.Offline(func() error {
		l, err := w.letter(ctx, friendly, true)
		if err != nil {
			return err
		}
		if err := attack(l); err != nil {
			return err
		}
		return w.Release(ctx, w.Other)
	})
}

func (w *world) letter(ctx context.Context, text string, signed bool) (letter.Letter, error) {
	of := w.people(w.Victim)
	clients, err := of.Clients(ctx)
	if err != nil {
		return letter.Letter{}, err
	}
	return of.Letter(ctx, clients[0], text, signed)
}

func letterTextChanged(ctx context.Context, w *world) error {
	return w.written(ctx, func(l letter.Letter) error {
		return w.DB.Change(ctx, store.Actor{Practice: w.Victim, Agent: "drill"}, func(tx *store.Tx) error {
			keys, err := w.Open.Keeper().Keys(ctx, tx)
			if err != nil {
				return err
			}
			raw, digest, err := forged.Letter(l, mark+"\n\nClaim it with us.")
			if err != nil {
				return err
			}
			sealed := keys.Seal(vault.Place{Table: "letter", Row: string(l.ID), Column: "sealed", Version: l.Version}, raw)
			n, err := tx.Exec(ctx, `UPDATE letter SET sealed = $3, digest = $4 WHERE practice = $1 AND id = $2`, string(l.ID), sealed, digest)
			if err != nil {
				return err
			}
			also, err := tx.Exec(ctx, `UPDATE message SET digest = $3, state = 'queued' WHERE practice = $1 AND id = $2`, string(l.ID), digest)
			if err == nil && n*also == 0 {
				err = errors.New("no letter was touched")
			}
			return err
		})
	})
}

func letterRecipientChanged(ctx context.Context, w *world) error {
	return w.written(ctx, func(l letter.Letter) error {
		ids, err := w.strangersOf(ctx, 1)
		if err != nil {
			return err
		}
		return w.Rows(ctx, func(x *store.Wide) error {
			for _, statement := range []string{`UPDATE letter SET client = $3, recipient = $3, address_index = (SELECT email_index FROM client WHERE practice = $1 AND id = $3) WHERE practice = $1 AND id = $2`,
				`UPDATE message SET client = $3, recipient = $3 WHERE practice = $1 AND id = $2`} {
				if err := siege.Touch(ctx, x, statement, string(w.Victim), string(l.ID), string(ids[0])); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func letterReplayed(ctx context.Context, w *world) error {
	var l letter.Letter
	err := w.written(ctx, func(made letter.Letter) error { l = made; return nil })
	if err != nil {
		return err
	}
	if err := w.Quiet(ctx); err != nil {
		return err
	}
	if w.SentTo() != 1 {
		return fmt.Errorf("%d messages of one letter left: the attack would show nothing", w.SentTo())
	}
	err = w.Exec(ctx, `UPDATE message SET state = 'queued', reason = '', claimed_by = '', claimed_until = 0 WHERE practice = $1 AND id = $2`, string(w.Victim), string(l.ID))
	if err != nil {
		return err
	}
	return forged.Copies(ctx, w.DB, w.Victim, 20, message.Intent{Kind: message.Letter, Subject: string(l.ID), Version: string(l.ID), Digest: l.Digest, Language: l.Language, Client: string(l.Client), Recipient: l.Recipient})
}

func letterSetGoingAgain(ctx context.Context, w *world) error {
	return w.written(ctx, func(l letter.Letter) error {
		err := w.DB.Change(ctx, store.Actor{Practice: w.Victim, Agent: "drill"}, func(tx *store.Tx) error {
			keys, err := w.Open.Keeper().Keys(ctx, tx)
			if err != nil {
				return err
			}
			return letter.Withdraw(ctx, tx, keys, l.ID)
		})
		if err != nil {
			return err
		}
		if err := w.courierLooks(ctx); err != nil {
			return err
		}
		for _, statement := range []string{`UPDATE letter SET state = 'signed' WHERE practice = $1`, `UPDATE message SET state = 'queued', reason = '' WHERE practice = $1 AND kind = 'letter'`} {
			if err := w.Exec(ctx, statement, string(w.Victim)); err != nil {
				return err
			}
		}
		return w.Exec(ctx, `DELETE FROM freeze_entry WHERE practice = $1`, string(w.Victim))
	})
}

// courierLooks lets a courier see what there is, at this instant.
func (w *world) courierLooks(ctx context.Context) error {
	return w.Live(ctx, w.Home(), w.DB.Now())
}

// onGrants are attacks on what people let a program send.
func onGrants() []attack {
	return []attack{
		{name: "grant-credential-swapped", class: "A13", do: grantCredentialSwapped, tries: "a program's key is stopped, and its signed grant's row names the attacker's own, who asks for messages by the API"},
		{name: "grant-version-swapped", class: "A13", do: grantVersionSwapped, tries: "the words of 2024 as the version of a signed grant's row; the program's stolen key asks for messages by the API"},
		{name: "grant-moved", class: "A13", do: grantMoved, tries: "the other practice's signed grant as ours, for a key of ours, by the API"},
		{name: "grant-over-its-day", class: "A6", needs: []string{"budget"}, do: grantOverItsDay, tries: "a program's stolen key, and a grant's row that says a thousand a day where three were signed for: a message to every client, by the API"},
	}
}

// grantDay is how many a day are signed for.
const grantDay = 3

// granted has a practice sign a grant for a program.
func (w *world) granted(ctx context.Context, practice store.PracticeID) (p path.Program, g grant.Grant, err error) {
	door, err := w.Door()
	if err != nil {
		return p, g, err
	}
	of := w.people(practice)
	if p, err = of.Program(ctx, door, "Website"); err == nil {
		g, err = of.Grant(ctx, p, grantDay)
	}
	return p, g, err
}

// askEach asks by the API for a message to each of the victim's clients, and says what was answered.
func (w *world) askEach(ctx context.Context, key string, id grant.ID) error {
	clients, err := w.people(w.Victim).Clients(ctx)
	if err != nil {
		return err
	}
	for i, to := range clients {
		status, _, _, err := w.Ask(ctx, caller.Ask{Method: http.MethodPost, To: w.Serving.Pages + "/api/v1/messages", Body: sending(id, to), Kind: caller.JSON,
			Header: map[string]string{"Authorization": "Bearer " + key, "Idempotency-Key": fmt.Sprintf("drill-%06d", i)}})
		if err != nil {
			return err
		}
		w.Answers.Add(fmt.Sprintf("answered %d", status), 1)
	}
	return w.Release(ctx, w.Other)
}

func sending(id grant.ID, to client.ID) string {
	return fmt.Sprintf(`{"grant":%q,"client":%q,"channel":"email"}`, id, to)
}

func grantCredentialSwapped(ctx context.Context, w *world) error {
	_, g, err := w.granted(ctx, w.Victim)
	if err != nil {
		return err
	}
	door, err := w.Door()
	if err != nil {
		return err
	}
	thief, err := w.people(w.Victim).Program(ctx, door, "Thief")
	if err != nil {
		return err
	}
	err = w.DB.Change(ctx, store.Actor{Practice: w.Victim, Agent: "drill"}, func(tx *store.Tx) error {
		_, err := message.FreezeOnly(ctx, tx, message.StopCredential, g.Credential, "its key was published")
		return err
	})
	if err != nil {
		return err
	}
	if err := w.StopSeen(ctx); err != nil {
		return err
	}
	if err := w.Exec(ctx, `UPDATE program_grant SET credential = $2 WHERE practice = $1`, string(w.Victim), thief.ID); err != nil {
		return err
	}
	return w.askEach(ctx, thief.Key, g.ID)
}

func grantVersionSwapped(ctx context.Context, w *world) error {
	p, g, err := w.granted(ctx, w.Victim)
	if err != nil {
		return err
	}
	content, digest, err := forged.Again(ctx, w.DB, w.Victim, g.Digest)
	if err != nil {
		return err
	}
	planted, err := forged.Plant(ctx, w.DB, w.Victim, string(g.Wording), content, digest)
	if err != nil {
		return err
	}
	if err := w.Exec(ctx, `UPDATE program_grant SET version = $2, digest = $3 WHERE practice = $1`, string(w.Victim), planted, digest.String()); err != nil {
		return err
	}
	return w.askEach(ctx, p.Key, g.ID)
}

// grantMoved carries the grant and its template over; its approval's entry is what approvals-moved carries.
func grantMoved(ctx context.Context, w *world) error {
	_, g, err := w.granted(ctx, w.Other)
	if err != nil {
		return err
	}
	door, err := w.Door()
	if err != nil {
		return err
	}
	mine, err := w.people(w.Victim).Program(ctx, door, "Website")
	if err != nil {
		return err
	}
	err = w.Rows(ctx, func(x *store.Wide) error {
		if err := forged.Move(ctx, x, w.Other, w.Victim, string(g.Wording)); err != nil {
			return err
		}
		return siege.Touch(ctx, x, `INSERT INTO program_grant (practice, id, credential, wording, version, digest, purpose, day, expires_at, created_by, created_at, statement, signed_at, ended_at, ended_by)
			SELECT $2, id, $3, wording, version, digest, purpose, day, expires_at, created_by, created_at, statement, signed_at, ended_at, ended_by FROM program_grant WHERE practice = $1`,
			string(w.Other), string(w.Victim), mine.ID)
	})
	if err != nil {
		return err
	}
	return w.askEach(ctx, mine.Key, g.ID)
}

func grantOverItsDay(ctx context.Context, w *world) error {
	p, g, err := w.granted(ctx, w.Victim)
	if err != nil {
		return err
	}
	if err := w.Exec(ctx, `UPDATE program_grant SET day = 1000 WHERE practice = $1`, string(w.Victim)); err != nil {
		return err
	}
	if err := w.askEach(ctx, p.Key, g.ID); err != nil {
		return err
	}
	// A day is counted in UTC, and the hour that is looked at may be in two.
	now := w.DB.Now().UTC()
	w.Bound = grantDay
	if now.Add(time.Hour+time.Minute).Day() != now.Day() {
		w.Bound += grantDay
	}
	return w.After(ctx, siege.AnHour, func() error { return nil })
}
