// What pages do with a script that they can also do without one. No page depends on it; nothing here writes mark-up.
(() => {
    const root = document.documentElement;
    const body = document.body;
    root.classList.add("scripted");

    const typing = (element) => Boolean(element.closest?.("input, textarea, select, [contenteditable]"));
    const dialogOf = (id) => document.getElementById(id);

    document.addEventListener("click", (event) => {
        const element = event.target.closest?.("[data-print], [data-close], [data-dismiss], [data-show]");
        if (!element) return;
        if (element.hasAttribute("data-print")) window.print();
        if (element.hasAttribute("data-close")) {
            const dialog = element.closest("dialog");
            if (dialog) { event.preventDefault(); dialog.close(); }
        }
        if (element.hasAttribute("data-dismiss")) element.closest("[data-notice]")?.remove();
        if (element.hasAttribute("data-show")) dialogOf(element.getAttribute("data-show"))?.showModal();
    });

    // A link that asks for a dialog gets its page's main part into #dialog-body; the dialog opens when that has come.
    document.addEventListener("htmx:after:swap", () => {
        const dialog = dialogOf("dialog");
        if (dialog && !dialog.open && dialog.querySelector("#dialog-body")?.childElementCount) {
            dialog.showModal();
            dialog.querySelector("input:not([type=hidden]), select, textarea, button")?.focus();
        }
    });
    dialogOf("dialog")?.addEventListener("close", (event) => event.target.querySelector("#dialog-body").replaceChildren());

    // Pressing a button twice books once: the second press waits for the answer.
    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (form.method !== "post" || event.defaultPrevented || event.submitter?.formTarget) return;
        if (form.dataset.busy) { event.preventDefault(); return; }
        form.dataset.busy = "yes";
    });
    window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach((form) => delete form.dataset.busy));

    // Keys: / to search, ? for help, g and a letter to go somewhere. Off when the page says so (WCAG 2.1.4).
    if (body.dataset.keys === "off") return;
    let going = -Infinity;
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
        if (event.timeStamp - going < 1500) {
            going = -Infinity;
            delete body.dataset.going;
            const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
            if (link) { event.preventDefault(); link.click(); }
            return;
        }
        delete body.dataset.going;
        if (event.key === "g") { going = event.timeStamp; body.dataset.going = "yes"; }
        const once = document.querySelector(`[data-once="${CSS.escape(event.key)}"]`); // a key of this page alone
        if (once) { event.preventDefault(); once.click(); }
        if (event.key === "/") {
            const search = document.querySelector("[data-search]");
            if (search) { event.preventDefault(); search.focus(); }
        }
        if (event.key === "?") dialogOf("keys")?.showModal();
    });
})();
