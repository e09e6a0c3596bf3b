package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"letterhead/guard"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// desk is somebody before a browser.
type desk struct {
	*testing.T
	tab context.Context
}

func sit(t *testing.T, site string) desk {
	t.Helper()
	d := desk{t, browser.Open(t)}
	d.do(chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(site+"/enter"))
	return d
}

func (d desk) do(steps ...chromedp.Action[chromedp.Void]) {
	d.Helper()
	if err := chromedp.Do(d.tab, steps...); err != nil {
		d.Fatal(err)
	}
}

// waits until something is true of the page.
func (d desk) waits(question string) {
	d.Helper()
	for range 120 {
		if is, err := chromedp.Run(d.tab, chromedp.Evaluate[bool]("Boolean("+question+")")); err == nil && is {
			return
		}
		d.do(chromedp.Sleep(50 * time.Millisecond))
	}
	said, _ := chromedp.Run(d.tab, chromedp.Text("main"))
	d.Fatalf("it is not so that %s: %s", question, said)
}

// says waits until the page says something, and looks whether it kept the policy.
func (d desk) says(sentences ...string) {
	d.Helper()
	for _, sentence := range sentences {
		d.waits(fmt.Sprintf(`document.querySelector("main")?.textContent.replace(/\s+/g, " ").includes(%q)`, sentence))
	}
	if found := browser.Violations(d, d.tab); len(found) > 0 {
		d.Errorf("against the policy: %s", strings.Join(found, "; "))
	}
}

// box is where a thing is: left, top, width, height.
func (d desk) box(selector string) [4]float64 {
	d.Helper()
	box, err := chromedp.Run(d.tab, chromedp.Evaluate[[4]float64](fmt.Sprintf(`(() => { const b = document.querySelector(%q).getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()`, selector)))
	if err != nil {
		d.Fatalf("%s: %v", selector, err)
	}
	return box
}

// drag takes a thing a little below its top and lets it go as far below the top of another.
func (d desk) drag(from, to string) {
	d.Helper()
	a, b := d.box(from), d.box(to)
	x, y, toX, toY := a[0]+20, a[1]+8, b[0]+20, b[1]+8
	left := chromedp.ButtonLeft
	d.do(chromedp.MouseEvent(chromedp.MousePressed, x, y, left, chromedp.ClickCount(1)), chromedp.MouseEvent(chromedp.MouseMoved, x+3, y+9, left),
		chromedp.MouseEvent(chromedp.MouseMoved, toX, toY, left), chromedp.WaitVisible(".ghost"), chromedp.MouseEvent(chromedp.MouseReleased, toX, toY, left, chromedp.ClickCount(1)))
}

// A thing is dragged to another hour of another practitioner; where that is taken, the form says so and keeps it; a press opens; undo takes back.
func TestDraggingInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	d := sit(t, site)
	d.do(chromedp.Navigate(site+"/calendar?view=day&date=2026-12-01"), chromedp.WaitVisible("#board"))
	costa := "#a-" + string(w.one.appointments["Costa"])
	slot := func(who, clock string) string {
		return fmt.Sprintf(`.slot a[href$="who=%s&time=%s"]`, w.one.practitioners[who], clock)
	}
	d.drag(costa, slot("Hēmi Ngata", "15:00"))
	d.says("Moved. The message about it leaves at", "15:00 not confirmed")
	if e := w.appointment(w.one, w.one.appointments["Costa"]); e.PractitionerName != "Hēmi Ngata" || e.Wall.Minute != 15*60 {
		t.Fatalf("it is at %v with %s", e.Wall, e.PractitionerName)
	}
	d.do(chromedp.Click(".toast form button"))
	d.says("Undone. Nothing was sent.", "13:00 not confirmed")
	d.drag(costa, slot("Hēmi Ngata", "12:00"))
	d.says("That time is taken by Elif Öztürk until 12:45", "Move João Costa")
	d.do(chromedp.Navigate(site+"/calendar?view=day&date=2026-12-01"), chromedp.Click(costa))
	d.says("João Costa", "Tuesday 1 December, 13:00")
}

// A whole booking, a move, a mark and a cancellation without a mouse.
func TestABookingByKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	d := sit(t, site)
	tab := func(question string) {
		t.Helper()
		for range 80 {
			if there, err := chromedp.Run(d.tab, chromedp.Evaluate[bool]("Boolean("+question+")")); err == nil && there {
				return
			}
			d.do(chromedp.KeyEvent("\t"))
		}
		t.Fatalf("tabbing does not lead to %s", question)
	}
	d.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("c"), chromedp.WaitVisible("#board"))
	tab(`document.activeElement.closest("#board .columns")`)
	d.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowRight))
	for range 40 {
		if there, err := chromedp.Run(d.tab, chromedp.Evaluate[bool](`document.activeElement.getAttribute("href")?.endsWith("time=14:00") ?? false`)); err == nil && there {
			break
		}
		d.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	d.waits(`document.activeElement.getAttribute("href")?.endsWith("time=14:00")`)
	d.do(chromedp.KeyEvent("\r"), chromedp.WaitVisible("#f-find"))
	tab(`document.activeElement.id == "f-find"`)
	d.do(chromedp.KeyEvent("reid"), chromedp.WaitVisible("#found input[type=radio]"))
	tab(`document.activeElement.type == "radio"`)
	d.do(chromedp.KeyEvent(" "), chromedp.KeyEvent("\r"))
	d.says("Booked. The first message leaves at", "Oscar Reid", "14:00 not confirmed")

	d.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector("#a-%s").focus(); undefined`, w.one.appointments["Haddad"])), chromedp.KeyEvent("c"))
	d.says("Noted.")
	d.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector("#a-%s").focus(); undefined`, w.one.appointments["Haddad"])), chromedp.KeyEvent("m"), chromedp.WaitVisible("#dialog form"))
	d.do(chromedp.SetValue("#dialog #f-time", "16:00"), chromedp.Focus("#dialog #f-time"), chromedp.KeyEvent("\r"))
	d.says("Moved. ", "16:00 not confirmed")
	d.do(chromedp.KeyEvent("n"), chromedp.WaitVisible("#f-find"))
}

func scriptless() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
}

// A whole booking where scripts are switched off.
func TestABookingWithoutAScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	d := sit(t, site)
	d.do(scriptless(), chromedp.Navigate(site+"/calendar?view=day&date=2026-12-01"), chromedp.Click(fmt.Sprintf(`.slot a[href$="who=%s&time=15:30"]`, w.one.practitioners["Liam Nguyen"])), chromedp.WaitVisible("#f-find"))
	d.do(chromedp.SendKeys("#f-find", "oztürk"), chromedp.Click("button[name=do]"), chromedp.WaitVisible("#found label.choice"), chromedp.Click("#found label.choice"), chromedp.Click("button.primary"), chromedp.WaitVisible(".toast form"))
	said, err := chromedp.Run(d.tab, chromedp.Text("main"))
	if err != nil || !strings.Contains(said, "15:30 not confirmed") {
		t.Errorf("%s (%v)", said, err)
	}
	d.do(chromedp.Click(".toast form button"), chromedp.WaitNotPresent(".toast form"))
}

// Two people want the same time: the first has it, the second is told by whom and what is free next, and has lost nothing; what the first did stands
// on the second's calendar without being asked for.
func TestTwoPeopleBookTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	first, second, watching := sit(t, site), sit(t, site), sit(t, site)
	form := site + "/appointments/new?from=day&date=2026-12-01&time=14:00&who=" + string(w.one.practitioners["Petra Schäfer"])
	for d, name := range map[desk]string{first: "costa", second: "brennan"} {
		d.do(chromedp.Navigate(form), chromedp.SendKeys("#f-find", name), chromedp.WaitVisible("#found input[type=radio]"), chromedp.Click("#found label.choice"), chromedp.SetValue("#f-minutes", "30"))
	}
	watching.do(chromedp.Navigate(site+"/calendar?view=day&date=2026-12-01"), chromedp.WaitVisible("#board"))
	first.do(chromedp.Click("button.primary"))
	first.says("Booked. ")
	watching.waits(`document.querySelector("#board").textContent.includes("14:00 not confirmed")`)
	watching.waits(`document.querySelector("#board").getAttribute("hx-trigger") == "every 4s"`)
	second.do(chromedp.Click("button.primary"))
	second.says("That time is taken by João Costa until 14:30. Next free: 14:30.", "Aoife Brennan")
	second.waits(`document.querySelector("#f-minutes").value == "30" && document.querySelector("#found input:checked")`)
	second.do(chromedp.Click("button[name=free]"))
	second.says("Booked. ", "14:30 not confirmed")
	watching.says("14:30 not confirmed")
}

// Where the session has ended, the calendar on the screen goes: nobody's name stays there.
func TestAnEndedSessionLeavesNoCalendar(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	d := sit(t, site)
	d.do(chromedp.Navigate(site+"/calendar?view=day&date=2026-12-01"), chromedp.WaitVisible("#board"))
	w.clock.Pass(guard.IdleLimit + time.Minute)
	d.waits(`!document.querySelector("#board") && location.pathname == "/sign-in"`)
}
