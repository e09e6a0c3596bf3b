package letter

import (
	"context"
	"fmt"

	"letterhead/client"
	"letterhead/courier"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording"
)

// Source is what the courier needs to know of letters, answers and samples; everything else it passes on. What the rows say here can only take
// away: that a letter's words, client and address are the signed ones is for the gate to find.
type Source struct {
	inner courier.Source
	vault *vault.Keeper
}

// NewSource decorates a source.
func NewSource(inner courier.Source, keeper *vault.Keeper) *Source { return &Source{inner, keeper} }

var _ courier.Source = (*Source)(nil)

// Directory passes on.
func (s *Source) Directory(ctx context.Context, tx *store.Tx, digest string) ([]byte, error) {
	return s.inner.Directory(ctx, tx, digest)
}

// Pictures passes on.
func (s *Source) Pictures(ctx context.Context, tx *store.Tx, digests []string) (map[string][]byte, error) {
	return s.inner.Pictures(ctx, tx, digests)
}

// Versions opens the versions of letters: a letter's is named by the letter's own id.
func (s *Source) Versions(ctx context.Context, tx *store.Tx, ids []string) (map[string][]byte, error) {
	out, err := s.inner.Versions(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, id := range ids {
		if _, there := out[id]; !there {
			missing = append(missing, id)
		}
	}
	rows, err := s.rows(ctx, tx, missing)
	if err != nil || len(rows) == 0 {
		return out, err
	}
	keys, err := s.vault.Merging(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("open the practice's keys: %w", err)
	}
	if out == nil {
		out = map[string][]byte{}
	}
	for _, w := range rows {
		if l, err := w.open(tx, keys); err == nil && l.content != nil { // one that does not open is not there: its message is held
			out[string(l.ID)] = l.content
		}
	}
	return out, nil
}

func (s *Source) rows(ctx context.Context, tx *store.Tx, ids []string) ([]row, error) {
	var out []row
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT `+columns+` FROM letter WHERE practice = $1 AND id IN (`+list+`)`, args...)
		found, err := store.Collect(rows, err, func(r *store.Rows) (row, error) { return scan(r) })
		out = append(out, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read letters: %w", err)
	}
	return out, nil
}

// Facts are today's: those of letters lose what would merge, and say why a letter must not go any more; those of samples are made here.
func (s *Source) Facts(ctx context.Context, tx *store.Tx, batch []message.Message) ([]courier.Facts, error) {
	out, err := s.inner.Facts(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	var ids []string
	var clients []client.ID
	samples := false
	for i := range batch {
		switch m := &batch[i]; m.Kind {
		case message.Letter, message.Reply:
			ids, clients = append(ids, m.Subject), append(clients, client.ID(m.Client))
		case message.Test:
			samples = true
		}
	}
	if samples {
		if err := s.samples(ctx, tx, batch, out); err != nil {
			return nil, err
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	return out, s.letters(ctx, tx, batch, out, ids, clients)
}

func (s *Source) letters(ctx context.Context, tx *store.Tx, batch []message.Message, out []courier.Facts, ids []string, clients []client.ID) error {
	rows, err := s.rows(ctx, tx, ids)
	if err != nil {
		return err
	}
	withdrawn := map[string]bool{}
	for _, w := range rows {
		withdrawn[string(w.ID)] = w.State == Withdrawn
	}
	reached, err := client.Reached(ctx, tx, clients)
	if err != nil {
		return err
	}
	for i := range batch {
		m, f := &batch[i], &out[i]
		if m.Kind != message.Letter && m.Kind != message.Reply {
			continue
		}
		f.Values = wording.Values{} // a letter has no fields
		switch {
		case f.Stop != "":
		case withdrawn[m.Subject]:
			f.Stop = message.ReasonWithdrawn
		case refused(reached[client.ID(m.Client)], m.Channel) && m.Recipient == m.Client:
			f.Stop = string(plan.Withdrawn)
		}
	}
	return nil
}

// refused tells whether a client said not to be written to by a channel.
func refused(r client.Reach, channel message.Channel) bool {
	given, asked := r.Consent[client.Topic{Category: client.Appointments, Channel: practice.Channel(channel)}]
	return asked && !given
}
