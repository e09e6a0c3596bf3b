// Package texts hands the courier's text messages to the configured gateways: package courier knows what to send, courier/sms how.
package texts

import (
	"context"
	"os"
	"strings"

	"letterhead/courier"
	"letterhead/courier/sms"
	"letterhead/fault"
)

// Gateways are the configured gateways by name. It implements courier.TextSender.
type Gateways map[string]*sms.Client

// New returns a sender for the configured gateways, nil where there are none; of a marked root, to this machine alone.
func New(gateways []courier.Gateway, marked bool) (courier.TextSender, error) {
	if len(gateways) == 0 {
		return nil, nil
	}
	out := Gateways{}
	for _, g := range gateways {
		options := sms.Options{URL: g.URL, LoopbackOnly: marked}
		if g.TokenFile != "" {
			raw, err := os.ReadFile(g.TokenFile)
			if err != nil {
				return nil, fault.Field("courier.gateway.token_file", "courier.gateway", "gateway %s: the token file cannot be read", g.Name)
			}
			options.Bearer = strings.TrimSpace(string(raw))
		}
		client, err := sms.New(options)
		if err != nil {
			return nil, fault.Field("courier.gateway.url", "courier.gateway", "gateway %s: write its address as https://host/path", g.Name).With(err)
		}
		out[g.Name] = client
	}
	return out, nil
}

// Text implements courier.TextSender.
func (t Gateways) Text(ctx context.Context, gateway string, m courier.Text) courier.TextResult {
	client, ok := t[gateway]
	if !ok {
		return courier.TextResult{Class: courier.TextNotBegun, Detail: "no such gateway", Temporary: true}
	}
	// The courier has written `begun` by now: what is left to ask here is nothing.
	r := client.Send(ctx, sms.Message{ID: m.Key, From: m.From, To: m.To, Text: m.Body}, func() error { return nil })
	out := courier.TextResult{ID: r.Provider, Temporary: r.Temporary, After: r.After}
	switch r.Class {
	case sms.Accepted:
		out.Class = courier.TextAccepted
	case sms.Refused:
		out.Class = courier.TextRefused
	case sms.MaybeSent:
		out.Class = courier.TextMaybeSent
	case sms.NotBegun:
		out.Class = courier.TextNotBegun
	}
	if r.Err != nil {
		out.Detail = r.Err.Error() // holds no number and no word of the gateway's, as package sms promises
	}
	return out
}
