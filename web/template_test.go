package web

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/store"
	"letterhead/template"
	"letterhead/template/draft"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// wording is the id of a practice's starter template.
func (w *world) wording(h home, key string) string {
	w.Helper()
	var id template.ID
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		all, err := template.ByKey(ctx, tx)
		id = all[key]
		return err
	})
	return string(id)
}

func (w *world) draftOf(h home, id string) *draft.Draft {
	w.Helper()
	var d *draft.Draft
	w.view(h, func(ctx context.Context, tx *store.Tx) (err error) {
		d, err = draft.Open(ctx, tx, template.ID(id))
		return err
	})
	return d
}

const tongue = "en-AU"

// editing is what the editor posts of a part.
func editing(pairs ...string) url.Values {
	values := url.Values{"language": {tongue}, "read": {"0"}, "part": {"0"}, "after": {"0"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

func TestTemplatesAreListedAndCopied(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/templates"), 200, "Reminder 2 days before", "Never signed", "Practice news", "no automatic message", "New template")
		id := w.wording(w.one, "reminder-2-days")
		w.says(w.get("/templates/"+id), 200, "Sent by the automatic message “Reminder 2 days before”", "Nobody has signed it", "Version 1", "Change the words")
		w.says(w.get("/templates/new?from="+id), 200, "Begins as")
		for _, c := range []struct{ name, from, says string }{{"", id, "fill it in"}, {"Our own", "0190", "Choose one of your templates"}, {"Our own", w.wording(w.two, "booked"), "Choose one of your templates"}} {
			w.says(w.post("/templates/new", "name", c.name, "from", c.from), 422, c.says)
		}
		made := w.post("/templates/new", "name", "Our own", "from", id)
		w.says(w.goes(made, "/templates/"), 200, "Our own", "Made. Change what it says")
		own := regexp.MustCompile(`/templates/([0-9a-f-]{36})`).FindStringSubmatch(made.Header().Get("Location"))[1]
		w.says(w.goes(w.post("/templates/"+own+"/name", "name", "After surgery"), "/templates/"+own), 200, "After surgery", "Saved.")
		w.says(w.post("/templates/"+own+"/name", "name", strings.Repeat("a", 81)), 422, "too long")
		w.says(w.post("/templates/"+id+"/archive", "do", "archive"), 409, "An automatic message sends this template")
		w.says(w.goes(w.post("/templates/"+own+"/archive", "do", "archive"), "/templates"), 200, "1 archived template", "After surgery")
		w.says(w.get("/templates/"+own+"/edit"), 404)
		w.says(w.goes(w.post("/templates/"+own+"/archive", "do", "back"), "/templates/"+own), 200, "It is back.")
	})
}

// A template is changed block by block: what is refused keeps what was typed and names the field; two people are told of each other; the last change is taken
// back; asking makes a version whose difference is shown.
func TestATemplateIsEdited(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.wording(w.one, "reminder-2-days")
		at := "/templates/" + id
		save := func(pairs ...string) answer { return w.ask("POST", at+"/part", editing(pairs...)) }
		parts := w.draftOf(w.one, id).Parts[0]
		part := func(i int) string { return itoa(parts.Blocks[i].ID) }
		w.says(w.get(at+"/edit"), 200, "Subject and preview line", "Appointment card", "Nothing is changed yet", "The recipient’s name")
		w.says(w.get(at+"/edit?open="+part(1)), 200, "*bold* and _italic_", "Fields that you can use", "{recipient.first_name}")
		w.says(w.get(at+"/edit?open=999"), 200, "Somebody removed this part")
		w.says(w.get(at+"/edit?add=choose&below="+part(1)), 200, "Add below this")
		for _, c := range []struct {
			says, field string
			form        []string
		}{
			{"A * begins bold and nothing ends it", "text", []string{"kind", "text", "part", part(1), "text", "This is *kept"}},
			{"There is no field", "text", []string{"kind", "text", "part", part(1), "text", "{client.password} kept"}},
			{"prize.example", "text", []string{"kind", "text", "part", part(1), "text", "kept: [win](https://prize.example/)"}},
			{"Write the sentence", "line", []string{"kind", "sms", "line", ""}},
			{"the heading is empty", "line", []string{"kind", "heading", "line", ""}},
			{"give the message a subject", "subject", []string{"kind", "head", "subject", ""}},
		} {
			refused := save(c.form...)
			if refused.Code != 422 || !strings.Contains(refused.body, `id="f-`+c.field+`"`) || !strings.Contains(refused.body, `aria-invalid="true"`) || !strings.Contains(strings.ToLower(refused.words()), strings.ToLower(c.says)) {
				w.Errorf("%v: %d, not %q at %q: %s", c.form, refused.Code, c.says, c.field, shortened(refused.words()))
			}
			if strings.Contains(strings.Join(c.form, " "), "kept") && !strings.Contains(refused.body, "kept") {
				w.Errorf("%v: what was typed is lost", c.form)
			}
		}
		if d := w.draftOf(w.one, id); d.Edition != 0 {
			w.Fatal("something refused was kept")
		}
		w.says(w.goes(save("kind", "text", "part", part(1), "text", "Please *ring* us, {recipient.first_name|friend}."), at+"/edit"), 200, "Kept.", "Changed, and not asked for yet", "Last by Petra Schäfer")
		stale := save("kind", "text", "part", part(1), "text", "Typed on an old reading")
		w.says(stale, 409, "what you typed stands below", "This says now, written by somebody else meanwhile", "Please *ring* us", "Typed on an old reading")
		w.goes(save("kind", "text", "part", part(1), "text", "Typed on an old reading", "read", "1"), at+"/edit")
		w.says(save("kind", "button", "label", "Ring us", "target", "phone", "read", "2", "after", part(1)), 422, "have no phone for this link", "On the button")
		w.says(w.goes(save("kind", "text", "text", "Only by video.", "read", "2", "after", part(1), "how", "telehealth"), at+"/edit"), 200, "Only if by video Only by video.")
		acts := func(do, part, read string) answer {
			return w.ask("POST", at+"/act", editing("do", do, "part", part, "read", read))
		}
		w.says(w.goes(acts("remove", part(1), "9"), at+"/edit"), 200, "Removed. Undo brings it back.")
		w.says(acts("remove", part(1), "9"), 409, "Somebody removed this")
		w.goes(acts("down", part(0), "9"), at+"/edit")
		w.says(acts("dance", part(0), "9"), 422, "Choose one of the buttons")
		edition := itoa(int(w.draftOf(w.one, id).Edition))
		w.says(w.goes(w.ask("POST", at+"/undo", editing("read", edition)), at+"/edit"), 200, "Undone.")
		w.says(w.ask("POST", at+"/undo", editing("read", "1")), 409, "meanwhile")
		w.says(w.get(at+"/compare"), 200, "Your changes", "Version 1", "removed")
		edition = itoa(int(w.draftOf(w.one, id).Edition))
		w.says(w.goes(w.ask("POST", at+"/ask", editing("read", edition)), at), 200, "Asked. It waits at the signing desk", "Version 2")
		w.says(w.ask("POST", at+"/ask", editing("read", "0")), 409, "Nothing is changed")
		w.says(w.get(at+"/compare?from=1&to=2"), 200, "removed")
		w.says(w.get(at+"/compare?from=1&to=1"), 200, "They say the same")
		w.says(w.get(at+"/compare?from=1&to=7"), 404)
		// Thrown away.
		w.goes(save("kind", "head", "subject", "Another", "preheader", ""), at+"/edit")
		w.says(w.ask("POST", at+"/drop", editing("read", "9")), 409, "meanwhile")
		w.says(w.goes(w.ask("POST", at+"/drop", editing("read", "1")), at), 200, "thrown away")
	})
}

func TestLanguagesAndWebsites(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.wording(w.one, "booked")
		at := "/templates/" + id
		change := func(pairs ...string) answer { return w.ask("POST", at+"/languages", editing(pairs...)) }
		w.says(w.goes(change("do", "add", "tag", "vi"), at+"/edit?did=template-language&language=vi"), 200, "Vietnamese", "Remove Vietnamese")
		w.says(change("do", "add", "tag", "vi"), 422, "has that language already")
		w.says(change("do", "add", "tag", "klingon!"), 422, "Write the language as in en")
		w.says(change("do", "remove"), 422, "make another one the default first")
		w.says(change("do", "remove", "language", "ja"), 404)
		w.goes(change("do", "default", "language", "vi"), at+"/edit")
		w.says(w.get(at+"/edit"), 200, "Who reads none of these languages gets Vietnamese")
		w.goes(change("do", "remove", "read", "2"), at+"/edit")
		w.says(change("do", "hosts", "hosts", "not a host"), 422, "One line is no website")
		w.goes(change("do", "hosts", "hosts", "https://forms.clinic.example/\n\n"), at+"/edit")
		d := w.draftOf(w.one, id)
		if len(d.Version.Languages) != 1 || d.Version.DefaultLanguage != "vi" || strings.Join(d.Version.Hosts, " ") != "forms.clinic.example" {
			w.Errorf("%v %s %v", len(d.Version.Languages), d.Version.DefaultLanguage, d.Version.Hosts)
		}
	})
}

// The preview is what is sent, in a frame where nothing runs; a real client's name is shown to those who may read it, and another practice's never.
func TestPreview(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		at := "/templates/" + w.wording(w.one, "reminder-2-days")
		frame := w.get(at + "/preview")
		if frame.Code != 200 || !strings.Contains(frame.body, "Fatima") || !strings.Contains(frame.Header().Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(frame.Header().Get("Content-Security-Policy"), "sandbox") {
			w.Errorf("%d, %s", frame.Code, frame.Header().Get("Content-Security-Policy"))
		}
		if dark := w.get(at + "/preview?shade=dark"); dark.body == frame.body || strings.Contains(dark.body, "prefers-color-scheme") {
			w.Error("light and dark are the same")
		}
		for query, says := range map[string]string{"as=child": "Omar", "as=video": "video", "as=unnamed": "there", "view=text": "Fatima", "view=sms": "1 part"} {
			w.says(w.get(at+"/preview?"+query), 200, says)
		}
		mine, theirs := string(w.one.appointments["Costa"]), string(w.two.appointments["Costa"])
		w.silent(w.get(at+"/edit"), "Costa")
		w.says(w.get(at+"/edit?people=yes"), 200, "João Costa, Tue 1 Dec, 13:00")
		w.says(w.get(at+"/preview?as="+mine), 200, "João")
		w.says(w.get(at+"/preview?as="+theirs), 404)
		w.says(w.get(at+"/preview?version=7"), 404)
		typed := func(pairs ...string) answer { return w.ask("POST", at+"/preview", editing(pairs...)) }
		part := itoa(w.draftOf(w.one, w.wording(w.one, "reminder-2-days")).Parts[0].Blocks[1].ID)
		if a := typed("kind", "text", "part", part, "text", "Typed <b>just</b> now", "as", "usual"); a.Code != 200 || !strings.Contains(a.body, "Typed &lt;b&gt;just&lt;/b&gt; now") {
			w.Errorf("what is typed: %d", a.Code)
		}
		w.says(typed("kind", "text", "part", part, "text", "a *bold"), 200, "A * begins bold")
		w.says(typed("kind", "sms", "line", "And this."), 200, "And this.", "1 part")
		if d := w.draftOf(w.one, w.wording(w.one, "reminder-2-days")); d.Edition != 0 {
			w.Error("looking kept something")
		}
		if strings.Contains(w.log.String(), "Typed") || strings.Contains(w.log.String(), "Costa") {
			w.Error("it stands in the log")
		}
	})
}

// Who may not read clients sees examples alone.
func TestPreviewNamesNobodyToThoseWhoMayNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	at := "/templates/" + w.wording(w.one, "reminder-2-days")
	for _, role := range guard.Roles() {
		if role.May(guard.ClientRead) || !role.May(guard.TemplateRead) {
			continue
		}
		who := w.as(w.one, "reader@example.org", role)
		if answer := w.askAs(who, "GET", at+"/preview?as="+string(w.one.appointments["Costa"]), nil); answer.Code != 404 {
			t.Errorf("%s: %d", role, answer.Code)
		}
		w.silent(w.askAs(who, "GET", at, nil), "Costa")
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// The editor as somebody at a desk uses it: a block is changed and shown while it is typed, in light and dark, at both widths; no page breaks the policy.
func TestTheEditorInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	tab, cancel := context.WithTimeout(browser.Open(t), 90*time.Second)
	t.Cleanup(cancel)
	at := site + "/templates/" + w.wording(w.one, "reminder-2-days")
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	clean := func(name string) {
		t.Helper()
		if found := browser.Violations(t, tab); len(found) > 0 {
			t.Errorf("%s: against the policy: %s", name, strings.Join(found, "; "))
		}
		if sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)); err != nil || sideways {
			t.Errorf("%s scrolls sideways (%v)", name, err)
		}
		for _, barrier := range browser.Barriers(t, tab) {
			t.Errorf("%s: %s", name, barrier)
		}
		picture(t, tab, name)
	}
	do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(site+"/enter"), chromedp.Navigate(site+"/templates"))
	clean("templates")
	do(chromedp.Navigate(at))
	clean("template")
	do(chromedp.Navigate(at + "/edit"))
	clean("edit")
	do(chromedp.Evaluate[chromedp.Void](`document.querySelector("iframe[name=preview]").id = "shown"; undefined`), chromedp.Click("ol.parts li:nth-child(2) a.button"), chromedp.WaitVisible("#f-text"),
		chromedp.SetValue("#f-text", "Please bring *your referral*, {recipient.first_name|friend}.\n\n- a towel\n- water"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-text").dispatchEvent(new Event("input", {bubbles: true})); undefined`), chromedp.WaitNotPresent("#shown"))
	clean("edit-typed")
	do(chromedp.Click("form[data-preview] details:last-of-type summary"), chromedp.Click("form[data-preview] button.primary"), chromedp.WaitNotPresent("#f-text"), chromedp.WaitVisible(".notice"))
	clean("edit-kept")
	do(chromedp.Click(".looks .segments:nth-child(2) a:last-child"), chromedp.WaitVisible(".preview-frame.phone"), chromedp.Click(".looks .segments:nth-child(3) a:last-child"), chromedp.WaitVisible(".preview-frame.dark"))
	clean("edit-phone-dark")
	do(chromedp.Navigate(at + "/compare"))
	clean("compare")
	for name, path := range map[string]string{"templates-phone": site + "/templates", "template-phone": at, "edit-on-phone": at + "/edit?open=2", "compare-phone": at + "/compare", "template-new-phone": site + "/templates/new"} {
		do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(path), chromedp.Evaluate[chromedp.Void](`document.documentElement.style.colorScheme="dark"; undefined`))
		clean(name)
	}
	if d := w.draftOf(w.one, w.wording(w.one, "reminder-2-days")); d.Edition != 1 {
		t.Errorf("edition %d", d.Edition)
	}
}

// picture writes what a page looks like into the folder that LETTERHEAD_PICTURES names.
func picture(t *testing.T, tab context.Context, name string) {
	t.Helper()
	folder := os.Getenv("LETTERHEAD_PICTURES")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/"+name+".png", shot, 0o600); err != nil {
		t.Fatal(err)
	}
}
