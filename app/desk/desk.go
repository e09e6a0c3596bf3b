// Package desk puts the signing desk on an address of its own, in the process that delivers: the trust file, the journal and the chain are its.
//
// It promises that what the trust file says of the desk's origin is what the configuration says, before anything is signed there; where the desk
// was before stays known, for what was signed there stays good. It never shares a listener with pages.
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"letterhead/app/setting"
	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/sign"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/vault"
)

// Of is the installation that is meant.
type Of struct {
	DB     *store.DB
	Keeper *vault.Keeper // opens letters, to be shown
	Folder string        // the courier's
	Trust  trust.File
	Config setting.Config
	Log    *slog.Logger
	Wake   func() // the courier, where it is in this process; nil where not
}

// inviteLife is how long the link to the ceremony of the first key works.
const inviteLife = 7 * 24 * time.Hour

// Settle says in the trust file where the desk is.
func Settle(folder string, c setting.Config) error {
	_, port, err := net.SplitHostPort(c.Sign.Address)
	if err != nil {
		return err
	}
	return trust.SetDesk(folder, party(c, port))
}

// party is the desk's origin, and the name that its passkeys are for.
func party(c setting.Config, port string) assertion.Party {
	if c.Sign.URL == "" {
		return assertion.Party{Origin: "http://localhost:" + port, RPID: "localhost"}
	}
	u, err := url.Parse(c.Sign.URL)
	if err != nil { // was read when the configuration was
		return assertion.Party{}
	}
	return assertion.Party{Origin: u.Scheme + "://" + u.Host, RPID: u.Hostname()}
}

// Invite makes the link to the ceremony of a practice's first key. The secret in it is kept nowhere; a link that was made before does not work any more.
func Invite(folder string, practice store.PracticeID, now time.Time) (link string, err error) {
	at, err := trust.Desk(folder)
	if err != nil {
		return "", err
	}
	secret, err := trust.Expect(folder, practice, now.Add(inviteLife))
	if err != nil {
		return "", err
	}
	return at.Origin + "/p/" + string(practice) + "/first#" + secret, nil
}

// Desk is a desk that listens.
type Desk struct {
	Address  string // of the desk, for people
	listener net.Listener
	server   *http.Server
	journal  *journal.Journal
}

// Open listens where the configuration says, on any port where that is 0 or fallback allows it, and opens the desk's place in the journal.
func Open(o Of, fallback bool) (*Desk, error) {
	listener, err := net.Listen("tcp", o.Config.Sign.Address)
	if err != nil && fallback {
		listener, err = net.Listen("tcp", "localhost:0")
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "desk.listen", "the signing desk cannot listen on "+o.Config.Sign.Address+"; name another address as sign.address").With(err)
	}
	d, err := open(o, listener)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return d, nil
}

func open(o Of, listener net.Listener) (*Desk, error) {
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	at := party(o.Config, port)
	if err := trust.SetDesk(o.Folder, at); err != nil {
		return nil, err
	}
	j, err := journal.Open(courier.JournalFolder(o.Folder), o.Trust.Installation, o.Trust.Epoch)
	if err != nil {
		return nil, fmt.Errorf("open the desk's place in the journal: %w", err)
	}
	record, err := logbook.Open(logbook.Where{DB: o.DB, Journal: j, Folder: o.Folder, Installation: o.Trust.Installation, Epoch: o.Trust.Epoch})
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	handler, err := sign.New(sign.Options{DB: o.DB, Chains: chain.Open(o.Folder, j), Folder: o.Folder, Proposals: proposals(o), Log: o.Log, Wake: o.Wake, Record: record})
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	listener, handler, err = o.Config.Sign.TLS.Around(listener, handler, at.Origin, o.Folder)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn)}
	return &Desk{Address: at.Origin, listener: listener, server: server, journal: j}, nil
}

// drainIn is how long requests in hand may take at the end.
const drainIn = 5 * time.Second

// Run serves until the context ends.
func (d *Desk) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- d.server.Serve(d.listener) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainIn)
		defer cancel()
		if err = d.server.Shutdown(closing); err != nil {
			err = d.server.Close()
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// Beside serves while something else runs, and ends with it; each of them that fails ends the other.
func (d *Desk) Beside(ctx context.Context, run func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- d.Run(ctx)
	}()
	err := run(ctx)
	stop()
	return errors.Join(err, <-served)
}

// Close ends the desk.
func (d *Desk) Close() error {
	return errors.Join(d.server.Close(), d.journal.Close())
}

// proposals are what a practice's rows want signed.
func proposals(o Of) func(context.Context, *store.Tx, *approval.State) ([]proposal.Proposal, error) {
	return func(ctx context.Context, tx *store.Tx, s *approval.State) ([]proposal.Proposal, error) {
		return proposal.List(ctx, tx, s, proposal.Setting{SMSSender: o.Config.Courier.SMSSender, Keeper: o.Keeper})
	}
}
