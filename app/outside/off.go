package outside

import (
	"context"
	"slices"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/breaker"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// off tells whether a link leads nowhere any more, also of mails that were delivered: its host was switched off by signature, or messages with it or its
// host, of its text, version or template are stopped: there, or everywhere.
func (o Of) off(ctx context.Context, chains *chain.Chains, practice store.PracticeID, digest wording.Digest, address, host string) (off bool, err error) {
	var ids []template.ID
	err = o.asking(ctx, chains, practice, func(tx *store.Tx, s *approval.State) (err error) {
		off = s.Host(host, tx.Now) != nil
		ids, err = template.OfDigest(ctx, tx, digest.String())
		return err
	})
	if err != nil || off {
		return off, err
	}
	open, texts, err := o.stops(ctx, practice, digest)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(open, func(s message.Stop) bool {
		switch s.Scope { //nolint:exhaustive // the others say nothing of a link
		case message.StopHost:
			return s.Subject == host
		case message.StopLink:
			return s.Subject == address
		case message.StopText:
			return slices.Contains(texts, s.Subject)
		case message.StopVersion:
			return s.Subject == digest.String()
		case message.StopWording:
			return slices.Contains(ids, template.ID(s.Subject))
		}
		return false
	}), nil
}

// stops are those of a practice and of everywhere, by the rows and by the courier's journal, where this process reaches it; and a version's texts.
func (o Of) stops(ctx context.Context, practice store.PracticeID, digest wording.Digest) (open []message.Stop, texts []string, err error) {
	var stored []template.Linked
	err = o.DB.WholeView(ctx, "stops that hold a link", func(w *store.Wide) (err error) {
		if open, err = message.StopsOf(ctx, w, practice); err == nil {
			stored, err = template.ByLink(ctx, w, wording.LinkToken(digest))
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if t, err := trust.Read(o.Folder); err == nil {
		kept, err := journal.ReadStops(courier.JournalFolder(o.Folder), t.Installation, t.Epoch)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range kept {
			if k.Practice == "" || k.Practice == practice {
				open = append(open, message.Stop{Practice: k.Practice, Scope: message.Scope(k.Scope), Subject: k.Subject})
			}
		}
	}
	for _, s := range stored {
		version, _, err := wording.DecodeCanonical(s.Content)
		if s.Digest != digest.String() || err != nil {
			continue
		}
		for i := range version.Languages {
			texts = append(texts, breaker.TextOfWording(&version.Languages[i]).Hex())
		}
	}
	return open, texts, nil
}
