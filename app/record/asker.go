package record

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"letterhead/courier/setting"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Asker asks the configured witnesses.
type Asker struct {
	db        *store.DB
	log       proof.LogKey
	witnesses []Witness
	clients   []*http.Client
}

// NewAsker makes one for a host; nil where no witness is named.
func NewAsker(h Host, config setting.Config) (*Asker, error) {
	if len(config.Witnesses) == 0 {
		return nil, nil //nolint:nilnil // nobody is asked
	}
	key, err := ledger.OpenKey(h.Folder, h.Trust.Installation, h.Trust.Epoch)
	if err != nil {
		return nil, err
	}
	a := &Asker{db: h.DB, log: key.Verifier}
	for _, x := range config.Witnesses {
		cosigner, err := proof.ParseCosigner(x.Key)
		if err != nil {
			return nil, fault.Field("courier.witness.key", "courier.witness", "give the witness's verifier key: name+hash+key").With(err)
		}
		client, err := clientOf(x)
		if err != nil {
			return nil, err
		}
		a.witnesses, a.clients = append(a.witnesses, Witness{URL: x.URL, Key: cosigner}), append(a.clients, client)
	}
	return a, nil
}

// clientOf follows nobody anywhere else, and is in no hurry to give up: Ask bounds it.
func clientOf(x setting.Witness) (*http.Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if x.CAFile != "" {
		raw, err := os.ReadFile(x.CAFile)
		settings.RootCAs = x509.NewCertPool()
		if err != nil || !settings.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fault.Field("courier.witness.ca_file", "courier.witness", "the file of certificates cannot be read, or holds none in PEM").With(err)
		}
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: settings, Proxy: nil, MaxConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Told is what one witness said.
type Told struct {
	Name string
	Err  error // nil: it has signed the last checkpoint
}

// Each asks all witnesses, side by side, each within half a minute.
func (a *Asker) Each(ctx context.Context) []Told {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out := make([]Told, len(a.witnesses))
	var wait sync.WaitGroup
	for i, w := range a.witnesses {
		wait.Go(func() { out[i] = Told{w.Key.Name(), Ask(ctx, a.clients[i], a.db, a.log, w)} })
	}
	wait.Wait()
	return out
}

// Ask asks all witnesses, if there are any, and says what went wrong; a fork before all else.
func (a *Asker) Ask(ctx context.Context) error {
	if a == nil {
		return nil
	}
	var all, fork error
	for _, t := range a.Each(ctx) {
		switch {
		case errors.Is(t.Err, ErrFork):
			fork = errors.Join(fork, fmt.Errorf("witness %s: %w", t.Name, t.Err))
		case t.Err != nil:
			all = errors.Join(all, fmt.Errorf("witness %s: %w", t.Name, t.Err))
		}
	}
	return errors.Join(fork, all)
}

// Unwitnessed is the instant of the first leaf that fewer witnesses than wanted have signed for; zero when there is none.
func (a *Asker) Unwitnessed(ctx context.Context, wanted int) (time.Time, error) {
	var seen ledger.Witnessed
	err := a.db.WholeView(ctx, "since when the ledger is unwitnessed", func(w *store.Wide) (err error) {
		var keys []*proof.Cosigner
		for _, x := range a.witnesses {
			keys = append(keys, x.Key)
		}
		seen, err = ledger.Witness(ctx, w, a.log, keys, wanted)
		return err
	})
	return seen.Since, err
}
