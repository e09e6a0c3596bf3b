// Package outside puts together what acts on things that come from outside: the public pages and hooks, and mail that is piped in.
package outside

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/inbound"
	"letterhead/courier/sender"
	"letterhead/courier/suppressed"
	"letterhead/courier/token"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/public"
	"letterhead/store"
	"letterhead/vault"
)

// Of is the installation that is meant. Config has its platform domain and public address filled in.
type Of struct {
	DB     *store.DB
	Keeper *vault.Keeper
	Folder string // the courier's
	Config courier.Config

	Register public.Register // the public register of incidents; nil: none is
}

// Inbound is what acts on bounces, receipts, replies and unsubscribing.
func (o Of) Inbound() *inbound.Inbound {
	return &inbound.Inbound{
		DB: o.DB, Keeper: o.Keeper, Domains: sender.New(o.Folder, o.Config.PlatformDomain),
		Tokens: token.New(o.Keeper.Derive(token.Use)), Gateways: o.Config.Gateways, Choices: public.Choices{}, Texts: letter.Texts{Keeper: o.Keeper}, Note: o.note(),
	}
}

// note keeps what was learnt in the courier's journal, where this process reaches the courier's folder.
func (o Of) note() func(time.Time, ...message.Suppression) error {
	t, err := trust.Read(o.Folder)
	if err != nil {
		return nil
	}
	return (&suppressed.Lazy{Folder: courier.JournalFolder(o.Folder), Installation: t.Installation, Epoch: t.Epoch}).Note
}

// Handler answers the public pages and hooks. chains tells what is signed.
func (o Of) Handler(chains *chain.Chains, log *slog.Logger) (http.Handler, error) {
	u, err := url.Parse(o.Config.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public_url: %w", err)
	}
	parts := public.Parts{DB: o.DB, Links: o.links(chains), Register: o.Register, Inbound: o.Inbound(), Gateways: map[string][]byte{}, Relays: map[string][]byte{}, Secure: u.Scheme == "https", Evenly: 300 * time.Millisecond, Log: log}
	if t, err := trust.Read(o.Folder); err == nil {
		parts.Record = ledger.Origin(t.Installation, t.Epoch)
	}
	if parts.Checks, err = o.checks(chains); err != nil {
		return nil, err
	}
	for _, g := range o.Config.Gateways {
		if err := hookSecret(parts.Gateways, "courier.gateway", g.Name, g.HookSecret); err != nil {
			return nil, err
		}
	}
	for _, r := range o.Config.Relays {
		if err := hookSecret(parts.Relays, "courier.relay", r.Name, r.HookSecret); err != nil {
			return nil, err
		}
	}
	return public.New(parts)
}

func hookSecret(into map[string][]byte, of, name, path string) error {
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fault.Field(of+".hook_secret_file", "config.hook_secret", "%s: the file cannot be read", name)
	}
	into[name] = []byte(strings.TrimSpace(string(raw)))
	return nil
}
