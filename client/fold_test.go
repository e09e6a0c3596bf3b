package client_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"letterhead/client"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Željko Schäfer": "zeljko schafer", "Nguyễn Öztürk": "nguyen ozturk", "Łukasz Śliwa": "lukasz sliwa", "Hēmi Te-Rangi": "hemi te rangi", "O'Brien": "obrien", "O’Brien": "obrien",
		"Ðorđe Þór": "dorde thor", "Müßig Ærø": "mussig aero", "İpek Işık": "ipek isik", "Ｈａｎａ": "hana", "": "", " -- ": "", "a%_b'c\\": "a bc",
		"أحمد إبراهيم آمنة": "احمد ابراهيم امنه", "احمد ابراهيم امنة": "احمد ابراهيم امنه", "عبدالله": "عبدالله", "مـحـمـد": "محمد", "مُحَمَّد": "محمد", "منى": "مني", "Ελένης": "ελενησ", "山田 太郎": "山田 太郎",
	} {
		got := client.Fold(name)
		if got != want {
			t.Errorf("Fold(%q) = %q, want %q", name, got, want)
		}
	}
	if got := client.FoldNames("Hana", "Te-Rangi", "Han"); got != " te rangi hana han " {
		t.Errorf("%q", got)
	}
	if got := client.FoldNames("", " ", ""); got != "" {
		t.Errorf("%q", got)
	}
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"Željko", "أحمد", "a%_'b", "प्रिया", "\xff\xfe", "ẞ", strings.Repeat("ﷺ", 300), "İ", "ﬃ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		folded := client.Fold(name)
		if strings.ContainsAny(folded, "%_'\\\"") || strings.Contains(folded, "  ") || strings.TrimSpace(folded) != folded || !utf8.ValidString(folded) {
			t.Errorf("%q folds to %q", name, folded)
		}
		if utf8.RuneCountInString(folded) > 2*client.MaxFolded {
			t.Errorf("%d characters fold to %d", len(name), len(folded))
		}
		if again := client.Fold(folded); utf8.RuneCountInString(folded) < client.MaxFolded && again != folded {
			t.Errorf("%q folds to %q, which folds to %q", name, folded, again)
		}
	})
}
