package web

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/client"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// ended has an address of a client end, as a report or a STOP does.
func (w *world) ended(who string, channel practice.Channel, address, reason string) message.Suppression {
	w.Helper()
	var of message.Suppression
	w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Find(ctx, tx, keys, w.one.clients[who])
		if err != nil {
			return err
		}
		if channel == practice.Email {
			c.Email = client.Address{Written: address}
		} else {
			c.Mobile = client.Address{Written: address}
		}
		if _, err = client.Change(ctx, tx, keys, c); err != nil {
			return err
		}
		if c, err = client.Find(ctx, tx, keys, c.ID); err != nil {
			return err
		}
		of = message.Suppression{Practice: tx.Practice, Channel: message.Channel(channel), Reason: reason,
			AddressIndex: client.AddressIndex(keys, channel, map[practice.Channel]client.Address{practice.Email: c.Email, practice.SMS: c.Mobile}[channel])}
		return message.Suppress(ctx, tx, of)
	})
	return of
}

// Who asks for messages to an address again that ended is written down with a proof that the courier verifies; saving the page without it asks nothing.
func TestAClientAsksAgain(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/clients/" + string(w.one.clients["Costa"]) + "/reach"
		of := w.ended("Costa", practice.Email, "costa@example.org", "complaint")
		w.says(w.get(path), 200, "a message was called abuse", "They asked for e-mail to this address again")
		version := func() string {
			return regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(w.get(path).body)[1]
		}
		w.goes(w.post(path, "version", version(), "email", "costa@example.org", "reminders", "email"), path)
		if rows := w.wishes(of); len(rows) != 0 {
			t.Fatalf("asked by nobody: %+v", rows)
		}
		w.silent(w.goes(w.post(path, "version", version(), "email", "costa@example.org", "reminders", "email", "again_email", "yes"), path), "a message was called abuse")
		rows := w.wishes(of)
		if len(rows) != 1 {
			t.Fatalf("%d wishes", len(rows))
		}
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			keys, err := w.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			if message.Asked(keys, rows[0].Suppression, rows[0].Proof, tx.Now.Add(time.Minute)).IsZero() {
				t.Error("the wish does not hold")
			}
			return nil
		})
	})
}

// wishes are those about one address that wait for the courier.
func (w *world) wishes(of message.Suppression) (out []message.Learnt) {
	w.Helper()
	err := w.db.Whole(w.Context(), "test", func(x *store.Wide) error {
		rows, err := message.Unnoted(w.Context(), x, 100)
		out = nil
		for _, r := range rows {
			if r.Proof != "" && r.AddressIndex == of.AddressIndex {
				out = append(out, r)
			}
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// Both sizes, looked at in Chromium.
func TestThePageOfAnEndedAddressFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.ended("Costa", practice.Email, "costa@example.org", "bounce")
	w.ended("Costa", practice.SMS, "0491 570 006", "stop")
	site, tab := w.site(), browser.Open(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(site + "/enter"))
	for _, width := range []int64{1280, 390} {
		do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+"/clients/"+string(w.one.clients["Costa"])+"/reach"), chromedp.WaitVisible("input[name=again_email]"))
		shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, "ended-"+strconv.FormatInt(width, 10)+".png"), shot, 0o600); err != nil {
				t.Error(err)
			}
		}
		if found := browser.Barriers(t, tab); len(found) > 0 {
			t.Errorf("barriers at %d px: %v", width, found)
		}
	}
}
