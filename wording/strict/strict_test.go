package strict

import (
	"encoding/json"
	"strings"
	"testing"

	"letterhead/fault"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	for text, key := range map[string]string{
		`{"a":1,"b":[{"a":2},{"a":3}]}`: "", `{"a":{"a":{"a":1}}}`: "", `[1,"a","a",{"x":"x"}]`: "", ` {"a":"b"} `: "", `"a"`: "",
		`{"a":1,"a":2}`: "wording.member_twice", `[{"b":{"a":1,"a":1}}]`: "wording.member_twice", `{"a":[{"x":1}],"a":0}`: "wording.member_twice", `{"a":1,"\u0061":2}`: "wording.member_twice",
		`{"A":1}`: "wording.unknown_member", `{"":1,"":2}`: "wording.member_twice", `{"a b":1}`: "wording.unknown_member",
		`{}{}`: "wording.trailing", `{} 1`: "wording.trailing", `1 {}`: "wording.trailing", `[[[[[1]]]]]`: "wording.deep", `{`: "wording.json", `{"a"}`: "wording.json", `]`: "wording.json",
	} {
		err := Members([]byte(text), 4)
		if f := fault.As(err); (key == "") != (err == nil) || (f != nil && f.Key != key) {
			t.Errorf("%s: %v, want %q", text, err, key)
		}
	}
}

// What passes reads the same member for member as a reader that keeps the first of each.
func FuzzMembers(f *testing.F) {
	f.Add(`{"a":[1,{"b":"c"}],"d":null}`)
	f.Add(`{"a":1,"a":2}`)
	f.Add(strings.Repeat("[", 100))
	f.Fuzz(func(t *testing.T, text string) {
		if Members([]byte(text), 8) != nil {
			return
		}
		var any any
		if strings.TrimSpace(text) != "" && json.Unmarshal([]byte(text), &any) != nil {
			t.Fatalf("%q passed and is no JSON", text)
		}
		if strings.Count(text, "[")+strings.Count(text, "{") > 0 && depth(any) > 8 {
			t.Fatalf("%q is too deep", text)
		}
	})
}

func depth(v any) int {
	most := 0
	switch n := v.(type) {
	case map[string]any:
		for _, x := range n {
			most = max(most, depth(x))
		}
	case []any:
		for _, x := range n {
			most = max(most, depth(x))
		}
	default:
		return 0
	}
	return most + 1
}
