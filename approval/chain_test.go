package approval_test

import (
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/store"
	"letterhead/testkit/key"
)

const (
	house  = "0198f000-0000-7000-8000-000000000001"
	clinic = store.PracticeID("0198f000-0000-7000-8000-00000000000a")
	anna   = store.MemberID("anna") // owner
	ben    = store.MemberID("ben")  // manager
	cleo   = store.MemberID("cleo") // front desk
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// found makes a practice of one.
func found(t testing.TB) (*key.Chain, *key.Key) {
	t.Helper()
	root := key.New(key.Desk)
	c, err := key.Found(house, clinic, anna, root, noon)
	if err != nil {
		t.Fatal(err)
	}
	return c, root
}

func sign(t testing.TB, c *key.Chain, k *key.Key, statements ...*approval.Statement) *approval.Entry {
	t.Helper()
	e, err := c.Sign(k, statements...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func refused(t testing.TB, err error, want approval.Reason) {
	t.Helper()
	if got := approval.ReasonOf(err); got != want {
		t.Errorf("%v: reason %q, want %q", err, got, want)
	}
}

func digest(n byte) approval.Digest { return approval.Digest{n, 1} }

func wording(c *key.Chain, subject string, n byte, who store.MemberID) *approval.Statement {
	x := c.State.Draft(approval.KindWording, subject, who)
	x.Digest, x.Body.Wording = digest(n), &approval.WordingBody{Purpose: "appointments"}
	return x
}

func TestAWordingCountsOnceItIsSigned(t *testing.T) {
	t.Parallel()
	c, root := found(t)
	_, err := c.State.Allows(approval.KindWording, "w", digest(1), c.Now)
	refused(t, err, approval.Unsigned)
	sign(t, c, root, wording(c, "w", 1, anna))
	standing, err := c.State.Allows(approval.KindWording, "w", digest(1), c.Now)
	if err != nil || standing.Position != 2 || !standing.From.Equal(c.Now) || standing.Signers[0].Member != anna {
		t.Fatalf("%+v %v", standing, err)
	}
	_, err = c.State.Allows(approval.KindWording, "w", digest(2), c.Now)
	refused(t, err, approval.Unsigned)
	again, err := c.Again()
	if err != nil || again.Head() != c.State.Head() {
		t.Fatal(err)
	}
	if _, err := again.Allows(approval.KindWording, "w", digest(1), c.Now); err != nil {
		t.Error(err)
	}
}
