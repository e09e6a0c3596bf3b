package outside

import (
	"context"
	"errors"
	"time"

	"letterhead/courier/chain"
	"letterhead/fault"
	"letterhead/guard/throttle"
	"letterhead/public"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/wording/code"
)

// callers answers members who type a code that somebody reads out to them.
type callers struct {
	*checks
	limits *throttle.Limits
}

// Callers answers members' questions about codes, as the public page answers everybody's, of their own practice alone.
func (o Of) Callers(chains *chain.Chains) (page.Codes, error) {
	c, err := o.checks(chains)
	return &callers{c, throttle.New(mostAsking)}, err
}

const mostAsking = 10_000

// asking is how often one member may ask: more often than callers come, and too seldom to guess one of 25¹⁰.
var asking = throttle.Allowance{Burst: 12, Every: 5 * time.Second}

var errAsked = fault.New(fault.TooMany, "code.too_often", "you asked often; wait a few seconds")

var verdicts = map[public.Verdict]page.Verdict{
	public.NotOurs: page.NotOurs, public.Withdrawn: page.Withdrawn, public.Compare: page.Sent, public.Genuine: page.Sent, public.Erased: page.Erased,
}

// Code implements page.Codes.
func (c *callers) Code(ctx context.Context, by store.Actor, text code.Code) (out page.Coded, err error) {
	if may, _ := c.limits.Take(c.DB.Now(), "code", string(by.Practice)+" "+string(by.Member), asking); !may {
		return out, errAsked
	}
	said, of, err := c.ask(ctx, by.Practice, text, public.Shown{})
	if err != nil && !errors.Is(err, vault.ErrNoKeys) {
		return out, err
	}
	out = page.Coded{Verdict: verdicts[said.Verdict], At: said.At, Hosts: said.Hosts}
	if of != nil && said.Verdict != public.NotOurs {
		out.Message = string(of.ID)
	}
	return out, nil
}
