// Package forged makes versions of wordings that nobody signed and puts them where signed ones are, by rows alone: the tools of whoever can write the
// database.
package forged

import (
	"context"
	"encoding/json"
	"fmt"

	"letterhead/approval"
	"letterhead/letter"
	"letterhead/rehearse/drill/received"
	"letterhead/store"
	"letterhead/wording"
)

// Words puts the words of 2024 before everything that a version says.
func Words(v *wording.Version) {
	for i := range v.Languages {
		l := &v.Languages[i]
		l.Subject = wording.Say("You have won")
		l.Blocks = append([]wording.Block{wording.Text("Your " + received.Mark + " waits for you.")}, l.Blocks...)
	}
}

// Of makes another version of some content: with the words of 2024, and what change does beside.
func Of(content []byte, change func(*wording.Version)) ([]byte, approval.Digest, error) {
	v, _, err := wording.DecodeCanonical(content)
	if err != nil {
		return nil, approval.Digest{}, err
	}
	Words(v)
	if change != nil {
		change(v)
	}
	if content, err = v.Canonical(); err != nil {
		return nil, approval.Digest{}, err
	}
	sum, err := v.Digest()
	return content, approval.Digest(sum), err
}

// Again makes another version of the one that has a digest.
func Again(ctx context.Context, db *store.DB, practice store.PracticeID, digest string) (content []byte, sum approval.Digest, err error) {
	err = db.WholeView(ctx, "drill: a version", func(x *store.Wide) error {
		return x.Row(ctx, `SELECT content FROM wording_version WHERE practice = $1 AND digest = $2`, string(practice), digest).Scan(&content)
	})
	if err == nil {
		content, sum, err = Of(content, nil)
	}
	return content, sum, err
}

// Letter is what would be sealed of a letter with other words, and the digest of its version, hex.
func Letter(l letter.Letter, text string) (raw []byte, digest string, err error) {
	content, sum, err := Of(l.Content(), nil)
	if err != nil {
		return nil, "", err
	}
	raw, err = json.Marshal(struct {
		Text    string `json:"text"`
		Content []byte `json:"content"`
	}{text, content})
	return raw, sum.String(), err
}

// Reminder makes such a version of a practice's reminder from what another's says.
func Reminder(ctx context.Context, db *store.DB, of, from store.PracticeID, change func(*wording.Version)) (content []byte, digest approval.Digest, subject string, err error) {
	err = db.WholeView(ctx, "drill: a version", func(x *store.Wide) error {
		if err := x.Row(ctx, `SELECT wording FROM rule WHERE practice = $1 AND key = 'reminder-2-days'`, string(of)).Scan(&subject); err != nil {
			return err
		}
		return x.Row(ctx, `SELECT v.content FROM rule r JOIN wording w ON w.practice = r.practice AND w.id = r.wording
			JOIN wording_version v ON v.practice = w.practice AND v.id = w.signed WHERE r.practice = $1 AND r.key = 'reminder-2-days'`, string(from)).Scan(&content)
	})
	if err == nil {
		content, digest, err = Of(content, change)
	}
	return content, digest, subject, err
}

// Plant writes a version down and makes it the one that its wording sends.
func Plant(ctx context.Context, db *store.DB, practice store.PracticeID, subject string, content []byte, digest approval.Digest) (id string, err error) {
	id = store.NewID[string]()
	err = db.Whole(ctx, "drill: an attack", func(x *store.Wide) error {
		_, err := x.Exec(ctx, `INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at)
			SELECT $1, $2, $3, 1 + coalesce(max(number), 0), $4, $5, 'drill', $6 FROM wording_version WHERE practice = $1 AND wording = $3`,
			string(practice), id, subject, digest.String(), content, store.Micro(x.Now))
		if err != nil {
			return fmt.Errorf("plant a version: %w", err)
		}
		n, err := x.Exec(ctx, `UPDATE wording SET current = $3, signed = $3 WHERE practice = $1 AND id = $2`, string(practice), subject, id)
		if err == nil && n == 0 {
			err = fmt.Errorf("there is no template %s", subject)
		}
		return err
	})
	return id, err
}

// Signed is the version that a practice's reminder sends, and its digest and template.
func Signed(ctx context.Context, db *store.DB, practice store.PracticeID) (version, digest, subject string, err error) {
	err = db.WholeView(ctx, "drill: what is signed", func(x *store.Wide) error {
		return x.Row(ctx, `SELECT v.id, v.digest, w.id FROM rule r JOIN wording w ON w.practice = r.practice AND w.id = r.wording
			JOIN wording_version v ON v.practice = w.practice AND v.id = w.signed WHERE r.practice = $1 AND r.key = 'reminder-2-days'`, string(practice)).Scan(&version, &digest, &subject)
	})
	return version, digest, subject, err
}
