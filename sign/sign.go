// Package sign is the signing desk: where a practice's people look at what would be said in their name, and sign it.
//
// It has an origin of its own, another host or another port than the members' pages, one plain page style, one small script, and no cookie of
// theirs. It stands on the courier's side: it knows the trust file, the journal and the chain, and shows every wording by the very code that
// sends. A key of the desk is a passkey of its own; a sign-in proves nothing here.
//
// The first key: a one-time secret travels in the fragment of a link; the page makes a passkey, shows its fingerprint and a recovery sheet, and
// one touch signs both with the starter set. Only then is the key pinned, once and for good. Further keys: an owner invites, the new member's
// page makes the passkey and shows a fingerprint, and the enrolment waits here for who may sign it.
//
//	unlock (a touch over a random challenge) → list (everything shown) → sheet (its challenge, kept here) → touch → appended → result
//
// A visit is: locked, unlocked for ten minutes by one key of one practice, or founding (its key is not pinned yet). Challenges are answered once,
// within five minutes, for one practice and one purpose. What is signed is what was shown: a sheet is made of the items of the list that was
// read, by name of their content, and refused when that is another one meanwhile.
//
// Promises: nothing counts that was not touched for; a page of another origin reads nothing and does nothing here; another practice's things are
// not found; what strangers can ask for costs no memory and locks nobody out; a log event holds route, status and ids, never a secret.
//
// Never: a signature by anybody but the key's holder; a role, key or threshold from a row; a session that outlives the process.
package sign

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/chain"
	"letterhead/courier/logbook"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/sign/challenge"
	"letterhead/sign/invitation"
	"letterhead/sign/proposal"
	"letterhead/store"
)

// Options are what a desk is made of.
type Options struct {
	DB     *store.DB
	Chains *chain.Chains
	Folder string // the courier's: trust file, roots, and what waits for a signature without being in the chain

	// Proposals are what the practice's rows want signed and is not in force.
	Proposals func(ctx context.Context, tx *store.Tx, s *approval.State) ([]proposal.Proposal, error)
	// Signed is called in the transaction that appends an entry, for rows that hint at what is signed; nil for none.
	Signed func(ctx context.Context, tx *store.Tx, practice store.PracticeID) error
	// Wake is called after that transaction; nil for none.
	Wake func()
	// Record puts what was signed into the ledger, after that transaction; nil leaves it to the courier, which does so before a message goes under it.
	Record *logbook.Logbook

	Address func(*http.Request) string // who asks, where a trusted proxy stands between; nil: the connection's address
	Log     *slog.Logger               // slog.Default() when nil
}

// failuresPerMinute is how many requests of one network may fail before they are told to wait.
const failuresPerMinute = 60

// desk is a desk at work.
type desk struct {
	Options
	party      assertion.Party
	host       string
	secure     bool
	memory     *memory
	challenges *challenge.Maker
	failed     *challenge.Failures // requests of strangers that did not hold, by address
	waits      *invitation.Book
}

// New makes the handler of the desk at the origin that the trust file names.
func New(o Options) (http.Handler, error) {
	party, err := trust.Desk(o.Folder)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(party.Origin)
	if err != nil {
		return nil, fault.Field("sign.url", "sign.url", "write it as https://HOST without a path").With(err)
	}
	d := &desk{Options: o, party: party, host: u.Host, secure: u.Scheme == "https", memory: newMemory(), failed: challenge.NewFailures(failuresPerMinute), waits: &invitation.Book{Folder: o.Folder}, challenges: challenge.NewMaker()}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Address == nil {
		d.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	mux := http.NewServeMux()
	for _, r := range routes() {
		if r.pattern == "" || r.reason == "" || r.handle == nil {
			return nil, fault.Field("route", "sign.route", "%q: a route of the desk needs a reason and a handler", r.pattern)
		}
		mux.Handle(r.pattern, d.serve(r))
	}
	return d.guard(mux), nil
}
