package web

import (
	"net/url"
	"strings"
	"testing"

	"letterhead/guard"
)

// Two files of one person are found, compared, made one and taken apart again.
func TestTwoFilesBecomeOne(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/clients/duplicates"), 200, "Nobody is on file twice")
		added := w.post("/clients/new", "first_name", "Joao", "last_name", "Costa", "preferred_name", "Zé", "email", "ze@example.org", "alert", "Latex")
		second, _, _ := strings.Cut(added.Header().Get("Location"), "?")
		first := "/clients/" + string(w.one.clients["Costa"])
		compare := second + "/merge/" + string(w.one.clients["Costa"])
		found := w.post(second+"/merge", "find", "costa")
		w.says(found, 200, "João Costa")
		w.keeps(found, `href="`+compare+`"`)
		w.says(w.get(compare), 200, "Make one file of two", "The file of Zé Costa goes on", "1 appointment to come goes over", "Keep the other one instead")
		w.says(w.post(compare, "kept", "1", "gone", "7"), 409, "This client was changed by")
		wrong := w.post(compare, "kept", "1", "gone", "1", "take_name", "both")
		w.says(wrong, 422, "Choose one of the two")
		w.goes(w.post(compare, "kept", "1", "gone", "1", "take_name", "gone", "take_email", "kept"), second)
		w.says(w.get(second+"?did=client-merged"), 200, "It is one file now", "João Costa", "ze@example.org", "Latex", "Made one on", "Take apart", "Tue 1 Dec, 13:00")
		old := w.get(first)
		w.says(old, 200, "Made part of another", "Out of use since", "Nothing is booked")
		w.silent(old, "Bring back")
		w.says(w.post(first+"/restore", "version", "2"), 409, "Take them apart first")
		_, rest, _ := strings.Cut(w.get(second).body, `name="merge" value="`)
		reader := w.as(w.one, "read@example.org", guard.ReadOnly)
		w.says(w.askAs(reader, "POST", second+"/apart", url.Values{"merge": {rest[:36]}}), 403)
		w.says(w.post(second+"/apart", "merge", "nonsense"), 404)
		w.goes(w.post(second+"/apart", "merge", rest[:36]), second)
		w.says(w.get(second+"?did=client-apart"), 200, "They are two files again", "Zé Costa", "Nothing is booked")
		w.says(w.get(first), 200, "Tue 1 Dec, 13:00")
		w.says(w.get(second+"/merge/"+string(w.one.clients["Costa"])+"x"), 404)
	})
}

// Who has the same name and date of birth is shown, in the list and in the file.
func TestWhoSeemsToBeOnFileTwice(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		added := w.post("/clients/new", "first_name", "Elif", "last_name", "Ozturk", "born", "1980-05-04")
		second, _, _ := strings.Cut(added.Header().Get("Location"), "?")
		w.says(w.get("/clients/duplicates"), 200, "Elif Öztürk", "2 files", "Compare")
		w.says(w.get(second), 200, "Another client has the same name and date of birth")
		chosen := w.get(second + "/merge")
		w.says(chosen, 200, "Same name and date of birth")
		w.keeps(chosen, `href="`+second+"/merge/"+string(w.one.clients["Öztürk"])+`"`)
	})
}
