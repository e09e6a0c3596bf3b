package app

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"

	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/inbound"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/public"
	"letterhead/store"
)

// choices writes down what clients tell us through a link or a text: package client keeps it.
type choices struct{}

// Withdraw implements inbound.Choices.
func (choices) Withdraw(ctx context.Context, tx *store.Tx, who string, channel message.Channel, purpose message.Purpose, source string) error {
	topic := client.Topic{Category: client.Appointments, Channel: practice.Channel(channel)}
	if purpose == message.Marketing {
		topic.Category = client.Marketing
	}
	return client.SetConsent(ctx, tx, client.Consent{Client: client.ID(who), Topic: topic, Given: false, Source: source, Who: tx.Actor.Who(), At: tx.Now})
}

// inbound is what acts on bounces, receipts, replies and unsubscribing.
func (i *installation) inbound() *inbound.Inbound {
	return &inbound.Inbound{
		DB: i.db, Keeper: i.keeper, Domains: courier.NewDomains(courierFolder(i.folder), i.config.platform()),
		Tokens: courier.NewTokens(i.keeper.Derive(courier.TokenUse)), Gateways: i.config.Courier.Gateways, Choices: choices{},
	}
}

// outside is the handler of public pages and hooks.
func (i *installation) outside(log *slog.Logger) (http.Handler, error) {
	u, err := url.Parse(i.config.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public_url: %w", err)
	}
	parts := public.Parts{DB: i.db, Inbound: i.inbound(), Gateways: map[string][]byte{}, Relays: map[string][]byte{}, Secure: u.Scheme == "https", Log: log}
	for _, g := range i.config.Courier.Gateways {
		if err := hookSecret(parts.Gateways, "courier.gateway", g.Name, g.HookSecret); err != nil {
			return nil, err
		}
	}
	for _, r := range i.config.Courier.Relays {
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

func bounceCommand() command {
	cmd := command{
		name: "bounce", argument: "< MAIL", summary: "take a mail that came back, as a mail server pipes it, and note what it says",
		examples: []string{"bounce --recipient b-…@bounce.wattlestreet.example < mail   (Postfix: a pipe transport for the return path's domain)"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var recipient string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&recipient, "recipient", "", "the `address` that it was sent to, as the server knows it")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			// What is no report, or carries no token of ours, is no error: the server must not send it back.
			did, err := i.inbound().Piped(ctx, c.in, recipient)
			if err != nil {
				return err
			}
			if c.json {
				return printJSON(c, did)
			}
			fmt.Fprintln(c.out, strings.TrimSpace(did.Did+" "+did.Why))
			return nil
		})
	}
	return cmd
}
