package notice

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"letterhead/courier"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording"
	"letterhead/zone"
)

// Source answers the courier for messages of kind system, and passes on the others.
type Source struct {
	courier.Source
	words  *Words
	keeper *vault.Keeper
	links  *guard.Links
}

// NewSource returns a source over another.
func NewSource(inner courier.Source, words *Words, keeper *vault.Keeper) (*Source, error) {
	links, err := guard.NewLinks(keeper)
	if err != nil {
		return nil, err
	}
	return &Source{inner, words, keeper, links}, nil
}

var _ courier.Source = (*Source)(nil)

// Versions returns ours, and those of the source within.
func (s *Source) Versions(ctx context.Context, tx *store.Tx, ids []string) (map[string][]byte, error) {
	var others []string
	out := map[string][]byte{}
	for _, id := range ids {
		if !strings.HasPrefix(id, Prefix) {
			others = append(others, id)
		} else if v, known := s.words.known[id]; known {
			out[id] = v.Canonical
		}
	}
	if len(others) == 0 {
		return out, nil
	}
	found, err := s.Source.Versions(ctx, tx, others)
	for id, raw := range found {
		out[id] = raw
	}
	return out, err
}

// Facts says where each member is told now, and with which link.
func (s *Source) Facts(ctx context.Context, tx *store.Tx, messages []message.Message) ([]courier.Facts, error) {
	if !slices.ContainsFunc(messages, func(m message.Message) bool { return m.Kind == message.System }) { // nearly always
		return s.Source.Facts(ctx, tx, messages)
	}
	out := make([]courier.Facts, len(messages))
	var others []message.Message
	var places []int
	for i := range messages {
		if messages[i].Kind != message.System {
			others, places = append(others, messages[i]), append(places, i)
		}
	}
	if len(others) > 0 {
		facts, err := s.Source.Facts(ctx, tx, others)
		if err != nil {
			return nil, err
		}
		for n, i := range places {
			out[i] = facts[n]
		}
	}
	return out, s.own(ctx, tx, messages, out)
}

func (s *Source) own(ctx context.Context, tx *store.Tx, messages []message.Message, out []courier.Facts) error {
	keys, err := s.keeper.Keys(ctx, tx)
	if err != nil {
		return err
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return err
	}
	home, err := zone.Load(p.Zone)
	if err != nil {
		return err
	}
	for i := range messages {
		if messages[i].Kind != message.System {
			continue
		}
		if out[i], err = s.facts(ctx, tx, keys, &messages[i]); err != nil {
			return err
		}
		out[i].Values.Start, out[i].Values.Zone = clock(messages[i].CreatedAt.In(home)), p.Zone
	}
	return nil
}

// facts are those of one message: its recipient must still be of the team, and an invitation open for this very address.
func (s *Source) facts(ctx context.Context, tx *store.Tx, keys *vault.Keys, m *message.Message) (courier.Facts, error) {
	f := courier.Facts{Language: language}
	v, known := s.words.known[m.Version]
	member, err := guard.Find(ctx, tx, store.MemberID(m.Recipient))
	gone := errors.Is(err, store.ErrNone)
	if err != nil && !gone {
		return f, err
	}
	switch {
	case gone || !known || !member.EndedAt.IsZero() || (member.Person == "") != (v.Kind == Invitation):
		f.Stop = message.ReasonWithdrawn
		return f, nil
	}
	link := s.words.portal + uses[v.Kind].page
	if v.Kind == Invitation {
		token, err := s.links.Token(ctx, tx, member)
		if err != nil {
			return f, err
		}
		if token == "" {
			f.Stop = message.ReasonWithdrawn
			return f, nil
		}
		link += token
	}
	f.Address, f.AddressIndex = addressOf(keys, member)
	f.Values.Unsubscribe = link
	return f, nil
}

func clock(t time.Time) wording.Wall {
	return wording.Wall{Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute()}
}
