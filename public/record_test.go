package public_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/store"
)

const house = "house" // the installation

// fill puts so many leaves of the platform into the ledger, and signs.
func (w *world) fill(n int, key *ledger.Key) {
	w.Helper()
	for n > 0 {
		entries := make([]ledger.Entry, min(n, 90))
		for i := range entries {
			entries[i].Body = &leaf.Event{Of: leaf.KindIncident, ID: strconv.Itoa(n - i), Word: leaf.Opened, Epoch: 1, Digest: leaf.Hash{1}}
		}
		n -= len(entries)
		err := w.db.Whole(w.Context(), "test", func(x *store.Wide) error {
			_, _, err := ledger.Append(context.Background(), x, entries)
			return err
		})
		if err != nil {
			w.Fatal(err)
		}
	}
	if _, err := ledger.Checkpoint(w.Context(), w.db, key); err != nil {
		w.Fatal(err)
	}
}

// root is RFC 6962 §2.1, written out here.
func root(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	split := 1
	for split*2 < len(leaves) {
		split *= 2
	}
	sum := sha256.Sum256(append(append([]byte{1}, root(leaves[:split])...), root(leaves[split:])...))
	return sum[:]
}

// Somebody who has nothing but the public address reads checkpoint and tiles, and comes to the same head.
func TestWhatIsPublishedOfTheRecord(t *testing.T) {
	each(t, func(w *world) {
		key, err := ledger.MakeKey(w.TempDir(), house, 1)
		if err != nil {
			w.Fatal(err)
		}
		if a := w.do("GET", "/record/checkpoint", "", nil); a.Code != http.StatusNotFound {
			w.Errorf("a checkpoint of nothing: %d", a.Code)
		}
		w.fill(700, key)
		answer := w.do("GET", "/record/checkpoint", "", nil)
		lines := strings.Split(answer.Body.String(), "\n")
		if answer.Code != http.StatusOK || lines[0] != ledger.Origin(house, 1) || lines[1] != "700" {
			w.Fatalf("%d %q", answer.Code, lines)
		}
		var leaves, above [][]byte
		for _, path := range []string{"000", "001", "002.p/188"} {
			tile := w.do("GET", "/record/tile/0/"+path, "", nil)
			if tile.Code != http.StatusOK || !strings.Contains(tile.Header().Get("Cache-Control"), "immutable") {
				w.Fatalf("%s: %d %v", path, tile.Code, tile.Header())
			}
			raw := tile.Body.Bytes()
			begin := len(leaves)
			for ; len(raw) >= 32; raw = raw[32:] {
				leaves = append(leaves, raw[:32])
			}
			if len(leaves)-begin == 256 {
				above = append(above, root(leaves[begin:]))
			}
		}
		if got := base64.StdEncoding.EncodeToString(root(leaves)); len(leaves) != 700 || got != lines[2] {
			w.Errorf("%d leaves come to %s, the checkpoint says %s", len(leaves), got, lines[2])
		}
		if got := w.do("GET", "/record/tile/1/000.p/2", "", nil).Body.String(); got != string(above[0])+string(above[1]) {
			w.Error("the tile above is of something else")
		}
		// What is beyond the last checkpoint, is no tile, or would be an entry is not there.
		w.fillUnsigned()
		for _, path := range []string{"tile/0/002.p/189", "tile/0/003", "tile/0/002", "tile/9/000", "tile/0/x1/000", "tile/entries/000", "tile/0/../0/000.p/1x", "tile/-1/000", "entries"} {
			if a := w.do("GET", "/record/"+path, "", nil); a.Code != http.StatusNotFound && a.Code != http.StatusTemporaryRedirect && a.Code != http.StatusMovedPermanently {
				w.Errorf("%s: %d", path, a.Code)
			}
		}
		tries := 0
		for ; tries < 2000 && w.do("GET", "/record/checkpoint", "", nil).Code == http.StatusOK; tries++ {
		}
		if tries < 100 || tries == 2000 {
			w.Errorf("%d requests in a minute were answered", tries)
		}
	})
}

// fillUnsigned grows the ledger beyond its last checkpoint.
func (w *world) fillUnsigned() {
	w.Helper()
	err := w.db.Whole(w.Context(), "test", func(x *store.Wide) error {
		_, _, err := ledger.Append(context.Background(), x, []ledger.Entry{{Body: &leaf.Event{Of: leaf.KindIncident, ID: "x", Word: leaf.Opened, Epoch: 1, Digest: leaf.Hash{1}}}})
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}
