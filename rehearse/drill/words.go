package drill

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"strings"

	"letterhead/approval"
	"letterhead/practice"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/siege"
	"letterhead/store"
	"letterhead/testkit/owner"
	"letterhead/wording"
)

// onWords are attacks by whoever writes the rows of what messages say.
func onWords() []attack {
	return []attack{
		{name: "wording-forged", class: "A1", do: wordingForged, tries: "a version with other words becomes the one that the reminder sends"},
		{name: "wording-with-link", class: "A1", do: wordingWithLink, tries: "the same with a button to a host that it lists itself"},
		{name: "version-swapped", class: "A1", words: true, silent: true, do: versionSwapped, tries: "other words under the digest of the version that was signed"},
		{name: "version-moved", class: "A13", do: versionMoved, tries: "the other practice's signed version, as ours"},
		{name: "version-rolled-back", class: "A13", do: versionRolledBack, tries: "a version that was signed once and has been replaced"},
		{name: "wording-withdrawn", class: "A13", do: wordingWithdrawn, tries: "a version that was withdrawn, with the withdrawal deleted"},
		{name: "wording-purpose", class: "A13", do: wordingPurpose, tries: "queued messages say that the reminder is marketing"},
		{name: "picture-swapped", class: "A2", do: pictureSwapped, tries: "another picture under the digest of the one that a signed version carries"},
		{name: "directory-forged", class: "A2", do: directoryForged, tries: "another address and number in the practice's signed details"},
		{name: "sender-forged", class: "A8", do: senderForged, tries: "the other practice's sender in a version and in the practice's row"},
		{name: "rule-forged", class: "A13", do: ruleForged, tries: "the rule's row: another hour, everybody, every service"},
		{name: "order-forged", class: "A13", words: true, do: orderForged, tries: "queued rows of an order, a letter, a reply and a test that name other words"},
		{name: "redirect-swapped", class: "A1", words: true, do: redirectSwapped, tries: "a signed mail's link, with its version's content swapped for one that leads elsewhere, and its switch deleted"},
	}
}

func wordingForged(ctx context.Context, w *world) error {
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, nil)
	if err != nil {
		return err
	}
	return w.Plant(ctx, w.Victim, subject, content, digest)
}

// leads puts a button to the attacker's host into a version.
func leads(v *wording.Version) {
	v.Hosts = append([]string{evil}, v.Hosts...)
	for i := range v.Languages {
		v.Languages[i].Blocks = append([]wording.Block{wording.Button("Claim", wording.Target{Kind: wording.ToURL, URL: "https://" + evil + "/"})}, v.Languages[i].Blocks...)
	}
}

func wordingWithLink(ctx context.Context, w *world) error {
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, leads)
	if err != nil {
		return err
	}
	return w.Plant(ctx, w.Victim, subject, content, digest)
}

func versionSwapped(ctx context.Context, w *world) error {
	content, _, _, err := w.Forge(ctx, w.Victim, w.Victim, nil)
	if err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE wording_version SET content = $2 WHERE practice = $1`, string(w.Victim), content)
}

func versionMoved(ctx context.Context, w *world) error {
	_, _, subject, err := w.Forge(ctx, w.Victim, w.Other, nil)
	if err != nil {
		return err
	}
	var content []byte
	var digest string
	err = w.DB.WholeView(ctx, "drill: another's version", func(x *store.Wide) error {
		return x.Row(ctx, `SELECT v.content, v.digest FROM rule r JOIN wording w ON w.practice = r.practice AND w.id = r.wording
			JOIN wording_version v ON v.practice = w.practice AND v.id = w.signed WHERE r.practice = $1 AND r.key = 'reminder-2-days'`, string(w.Other)).Scan(&content, &digest)
	})
	if err != nil {
		return err
	}
	sum, err := approval.ParseDigest(digest)
	if err != nil {
		return err
	}
	return w.Plant(ctx, w.Victim, subject, content, sum)
}

func versionRolledBack(ctx context.Context, w *world) error {
	before, _, subject, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	// The owner signs another version; the attacker brings the old one back.
	content, _, _, err := w.Forge(ctx, w.Victim, w.Victim, func(v *wording.Version) {
		for i := range v.Languages {
			v.Languages[i].Subject = wording.Say("Your visit on {appointment.day}")
			v.Languages[i].Blocks = v.Languages[i].Blocks[1:]
		}
	})
	if err != nil {
		return err
	}
	digest := approval.Digest(sha256.Sum256(content))
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	err = w.Sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindWording, subject, o.Member)
		x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: "appointments"}
		return x
	})
	if err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE wording SET current = $3, signed = $3 WHERE practice = $1 AND id = $2`, string(w.Victim), subject, before)
}

func wordingWithdrawn(ctx context.Context, w *world) error {
	_, digest, subject, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	sum, err := approval.ParseDigest(digest)
	if err != nil {
		return err
	}
	var failed error
	err = w.Sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		standing, err := s.Allows(approval.KindWording, subject, sum, w.DB.Now())
		if err != nil {
			failed = err
			return s.Draft(approval.KindWithdraw, "", o.Member)
		}
		return s.Draft(approval.KindWithdraw, standing.Digest.String(), o.Member)
	})
	if failed != nil || err != nil {
		return fmt.Errorf("withdraw: %w %w", failed, err)
	}
	return w.Exec(ctx, `DELETE FROM approval WHERE practice = $1 AND position = (SELECT max(position) FROM approval WHERE practice = $1)`, string(w.Victim))
}

func wordingPurpose(ctx context.Context, w *world) error {
	return w.queue(ctx, func(x *store.Wide) error {
		return siege.Touch(ctx, x, `UPDATE message SET purpose = 'marketing', subject = 'reminder-2-days' WHERE practice = $1 AND state = 'queued'`, string(w.Victim))
	})
}

// pictureSwapped has the owner sign a version with a picture, and puts another one into its row.
func pictureSwapped(ctx context.Context, w *world) error {
	var signed, other wording.Image
	add := func(tx *store.Tx, into *wording.Image, c color.Color, alt string) (err error) {
		canvas := image.NewRGBA(image.Rect(0, 0, 120, 40))
		draw.Draw(canvas, canvas.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
		var out bytes.Buffer
		if err := png.Encode(&out, canvas); err != nil {
			return err
		}
		*into, err = practice.AddPicture(ctx, tx, out.Bytes(), alt)
		return err
	}
	err := w.DB.Change(ctx, store.Actor{Practice: w.Victim, Agent: "drill"}, func(tx *store.Tx) error {
		if err := add(tx, &signed, color.RGBA{30, 79, 121, 255}, "A wattle"); err != nil {
			return err
		}
		return add(tx, &other, color.RGBA{200, 0, 0, 255}, "You have won")
	})
	if err != nil {
		return err
	}
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, func(v *wording.Version) {
		v.Branding.Logo = &signed
		for i := range v.Languages {
			v.Languages[i].Subject = wording.Say("Your visit on {appointment.day}")
			v.Languages[i].Blocks = v.Languages[i].Blocks[1:] // without the words of 2024
		}
	})
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	err = w.Sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindWording, subject, o.Member)
		x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: "appointments"}
		return x
	})
	if err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE picture SET content = (SELECT content FROM picture WHERE practice = $1 AND digest = $3) WHERE practice = $1 AND digest = $2`,
		string(w.Victim), signed.SHA256, other.SHA256)
}

func directoryForged(ctx context.Context, w *world) error {
	return w.Rows(ctx, func(x *store.Wide) error {
		rows, err := x.Query(ctx, `SELECT digest, content FROM directory WHERE practice = $1`, string(w.Victim))
		type entry struct {
			digest  string
			content []byte
		}
		all, err := store.Collect(rows, err, func(r *store.Rows) (e entry, err error) { return e, r.Scan(&e.digest, &e.content) })
		if err != nil {
			return err
		}
		for _, e := range all {
			changed := strings.ReplaceAll(string(e.content), "12 Wattle Street", mark+" Street")
			if err := siege.Touch(ctx, x, `UPDATE directory SET content = $3 WHERE practice = $1 AND digest = $2`, string(w.Victim), e.digest, []byte(changed)); err != nil {
				return err
			}
			if changed == string(e.content) {
				return fmt.Errorf("the details have no address to change")
			}
		}
		return siege.Touch(ctx, x, `UPDATE practice SET name = $2, phone = '0491 570 006', address = $2 WHERE practice = $1`, string(w.Victim), mark)
	})
}

func senderForged(ctx context.Context, w *world) error {
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, func(v *wording.Version) {
		v.Sender.Local, v.Sender.Name = "accounts", "Lee Valley Psychology"
		v.Sender.Domain = "lee-valley-psychology.mail.drill.example"
	})
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE practice SET domain = 'lee-valley-psychology.mail.drill.example', sender_local = 'accounts' WHERE practice = $1`, string(w.Victim))
}

func ruleForged(ctx context.Context, w *world) error {
	return w.Exec(ctx, `UPDATE rule SET content = replace(content, '10:00', '09:59') WHERE practice = $1 AND key = 'reminder-2-days'`, string(w.Victim))
}

func orderForged(ctx context.Context, w *world) error {
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, nil)
	if err != nil {
		return err
	}
	before, _, _, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	planted, _, _, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	for _, kind := range []string{"order", "letter", "reply", "test"} {
		if err := w.copies(ctx, 3, kind, "", planted, digest.String()); err != nil {
			return err
		}
	}
	// The signed version goes on being what the rule sends.
	return w.Exec(ctx, `UPDATE wording SET current = $3, signed = $3 WHERE practice = $1 AND id = $2`, string(w.Victim), subject, before)
}

// queue has the program turn what is due into messages while it does not run, and changes them before it runs again.
func (w *world) queue(ctx context.Context, change func(*store.Wide) error) error {
	return w.Offline(func() error {
		if err := w.Fall(ctx); err != nil {
			return err
		}
		if _, err := w.Open.Plan(ctx); err != nil {
			return err
		}
		return w.Rows(ctx, change)
	})
}

func redirectSwapped(ctx context.Context, w *world) error {
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, leads)
	if err != nil {
		return err
	}
	version, signed, _, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(signed)
	if err != nil {
		return err
	}
	follow := func(of [32]byte) error {
		for n := 1; n <= 3; n++ {
			to := fmt.Sprintf("%s/l/%s/%d", w.Serving.Pages, wording.LinkToken(wording.Digest(of)), n)
			status, text, header, err := w.Ask(ctx, caller.Ask{Method: http.MethodGet, To: to})
			if err != nil {
				return err
			}
			w.Answers.Add(fmt.Sprintf("answered %d", status), 1)
			if strings.Contains(header.Get("Location")+text, evil) {
				w.Wrong("a link leads to %s", evil)
			}
		}
		return nil
	}
	// Other content in the signed version's row, then a row of its own that nobody signed.
	if err := w.Exec(ctx, `UPDATE wording_version SET content = $3 WHERE practice = $1 AND id = $2`, string(w.Victim), version, content); err != nil {
		return err
	}
	if err := follow([32]byte(raw)); err != nil {
		return err
	}
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	return follow(digest)
}
