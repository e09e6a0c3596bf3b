// Package browser opens Debian's Chromium for tests that must see what a browser does.
//
// It gives a tab that ends with the test and reaches nothing but loopback. It fails a test when Chromium is missing: a page that was
// never opened was never tested.
package browser

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// limit bounds one test's use of the browser.
const limit = 3 * time.Minute

// Open starts a browser with a profile of its own and returns the context of its tab.
func Open(t testing.TB) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test needs a browser: apt-get install chromium")
	}
	options := append(append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1"))
	bounded, stop := context.WithTimeout(context.Background(), limit)
	t.Cleanup(stop)
	allocator, stopAllocator := chromedp.NewExecAllocator(bounded, options...)
	t.Cleanup(stopAllocator)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	return tab
}

// asked is how many pages in a row Violations waits for: a page may go on by itself (a sign-in page offers the passkey) while it is asked.
const asked = 5

// Violations returns what the page that stays did against its Content-Security-Policy, from its beginning on.
func Violations(t testing.TB, tab context.Context) []string {
	t.Helper()
	var err error
	for range asked {
		var found []string
		if found, err = chromedp.Run(tab, chromedp.Evaluate[[]string](`(() => {
			const seen = [];
			const observer = new ReportingObserver((reports) => reports.forEach((r) => seen.push(r.body.effectiveDirective + " " + (r.body.blockedURL || "") + " " + (r.body.sample || ""))),
				{types: ["csp-violation"], buffered: true});
			observer.observe();
			return new Promise((done) => setTimeout(() => { observer.takeRecords().forEach((r) => seen.push(r.body.effectiveDirective + " " + r.body.blockedURL)); done(seen); }, 50));
		})()`, chromedp.EvalAwaitPromise)); err == nil {
			return found
		}
	}
	t.Fatal(err)
	return nil
}
