// The editor of templates: what is typed is shown in the preview while it is typed, and a field is put where the cursor is. Without a script a button shows it.
(() => {
    let last; // the text field that was typed into last
    document.addEventListener("focusin", (event) => {
        if (event.target.matches("form[data-preview] input[type=text], form[data-preview] textarea")) last = event.target;
    });

    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-insert]");
        if (!button) return;
        const form = button.closest("form");
        const into = last && form.contains(last) ? last : form.querySelector("textarea, input[type=text]");
        into.setRangeText(button.dataset.insert, into.selectionStart, into.selectionEnd, "end");
        into.focus();
        into.dispatchEvent(new Event("input", {bubbles: true}));
    });

    // Each showing goes into a new frame: so it makes no entry in the history.
    const show = (form) => {
        const button = form.querySelector("[data-try]");
        const old = document.querySelector("iframe[name=preview]");
        if (!button || !old) return;
        const fresh = old.cloneNode();
        fresh.removeAttribute("src");
        fresh.removeAttribute("id");
        old.replaceWith(fresh);
        form.requestSubmit(button);
    };
    let waiting;
    document.addEventListener("input", (event) => {
        const form = event.target.closest?.("form[data-preview]");
        if (!form) return;
        clearTimeout(waiting);
        waiting = setTimeout(() => { if (form.isConnected) show(form); }, 700);
    });
})();
