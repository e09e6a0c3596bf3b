package public

import (
	"context"
	"errors"
	"net/http"

	"letterhead/courier/inbound"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// RecordPath is under which the record of messages is published, as C2SP tlog-tiles has it: checkpoints and tiles of hashes, and no entries, which belong
// to their practice: they would tell who writes how much.
const RecordPath = "/record/"

// checkpoint answers with the last signed state, and the witnesses' signatures on it.
func (s *server) checkpoint(r *http.Request) answer {
	return s.published(r, "text/plain; charset=utf-8", false, func(ctx context.Context, w *store.Wide) ([]byte, error) {
		raw, err := ledger.Latest(ctx, w, s.Record, proof.MaxSize)
		return []byte(raw), err
	})
}

// tile answers with hashes. What is under its address never changes.
func (s *server) tile(r *http.Request) answer {
	return s.published(r, "application/octet-stream", true, func(ctx context.Context, w *store.Wide) ([]byte, error) {
		return ledger.Tile(ctx, w, s.Record, r.PathValue("level")+"/"+r.PathValue("path"))
	})
}

func (s *server) published(r *http.Request, kind string, keep bool, read func(context.Context, *store.Wide) ([]byte, error)) answer {
	if !s.reads.allow(place(s.Address(r)), s.DB.Now()) {
		return tooMany()
	}
	var raw []byte
	err := s.DB.WholeView(r.Context(), "what is published of the ledger", func(w *store.Wide) (err error) {
		raw, err = read(r.Context(), w)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNone) || fault.KindOf(err) == fault.NotFound:
		return s.stranger(r, inbound.Done{})
	case err != nil:
		return trouble(err)
	}
	return answer{status: http.StatusOK, raw: raw, kind: kind, keep: keep}
}
