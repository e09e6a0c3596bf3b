package sign_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
)

// The desk shows the very picture that a version names, in a frame that loads nothing; where its row holds another, the version cannot be signed.
func TestThePictureThatIsSignedIsTheOneThatIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	drawn := func(wide int) []byte {
		var out bytes.Buffer
		w.check(png.Encode(&out, image.NewGray(image.Rect(0, 0, wide, 40))))
		return out.Bytes()
	}
	var good, other []byte
	var digest string
	change := func(do func(ctx context.Context, tx *store.Tx) error) {
		t.Helper()
		w.check(w.db.Change(t.Context(), store.Actor{Practice: w.one.id, Agent: "test"}, func(tx *store.Tx) error { return do(t.Context(), tx) }))
	}
	change(func(ctx context.Context, tx *store.Tx) error {
		logo, err := practice.AddPicture(ctx, tx, drawn(120), "Our leaf")
		if err != nil {
			return err
		}
		digest = logo.SHA256
		if _, good, err = practice.FindPicture(ctx, tx, digest); err != nil {
			return err
		}
		evil, err := practice.AddPicture(ctx, tx, drawn(150), "You have won")
		if err != nil {
			return err
		}
		if _, other, err = practice.FindPicture(ctx, tx, evil.SHA256); err != nil {
			return err
		}
		if err = practice.SetLogo(ctx, tx, digest); err == nil {
			_, err = template.Relogo(ctx, tx)
		}
		return err
	})
	page := petra.page("")
	has(t, page, "Our leaf")
	frames := regexp.MustCompile(`<iframe[^>]+src="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(frames) < len(w.one.starter) {
		t.Fatalf("%d frames", len(frames))
	}
	for _, f := range frames {
		if _, mail := petra.get(strings.TrimPrefix(f[1], "/p/"+string(w.one.id))); !strings.Contains(mail, "data:image/png;base64,"+base64.StdEncoding.EncodeToString(good)) || strings.Contains(mail, "cid:") {
			t.Fatalf("%s does not show the picture", f[1])
		}
	}
	change(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE picture SET content = $3 WHERE practice = $1 AND digest = $2`, digest, other)
		return err
	})
	swapped := petra.page("")
	has(t, swapped, "This cannot be shown, so it cannot be signed")
	if strings.Contains(swapped, "<iframe") {
		t.Error("a mail with a swapped picture is shown")
	}
	change(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE picture SET content = $3 WHERE practice = $1 AND digest = $2`, digest, good)
		return err
	})
	petra.page("")
	petra.sign()
}
