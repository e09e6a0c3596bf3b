// What the calendar does with a script: things are dragged, one key marks the appointment under the cursor, arrows go through the grid. All of it
// fills in a form of the page and sends that; nothing here knows a rule.
(() => {
    const step = 5; // minutes of a row
    const snap = 15; // minutes that a drop goes by
    const form = (id) => document.getElementById(id);
    const rowOf = (element) => Number(/(?:^|\s)r-(\d+)/.exec(element.className)?.[1] ?? 0);
    const clock = (minute) => String(Math.floor(minute / 60)).padStart(2, "0") + ":" + String(minute % 60).padStart(2, "0");

    // send fills in one of the page's forms and sends it.
    const send = (id, item, action, values) => {
        const f = form(id);
        if (!f || f.dataset.busy) return;
        f.action = "/appointments/" + encodeURIComponent(item.dataset.id) + action;
        f.elements.version.value = item.dataset.version;
        for (const [name, value] of Object.entries(values)) f.elements[name].value = value;
        f.requestSubmit();
    };

    // Dragging: by mouse or pen; a finger scrolls, and has the dialog.
    let drag = null;
    const stop = () => {
        drag?.ghost?.remove();
        drag?.item.classList.remove("dragged");
        document.body.classList.remove("dragging");
        drag = null;
    };
    const place = (event) => {
        const slots = document.elementsFromPoint(event.clientX, event.clientY).find((e) => e.matches?.("ol.slots"));
        if (!slots?.dataset.date) { drag.target = null; drag.ghost?.remove(); return; }
        const box = slots.getBoundingClientRect();
        const height = box.height / (Number(/h-(\d+)/.exec(slots.className)[1]) * 60);
        const start = Number(slots.dataset.start);
        const minute = Math.max(start, start + Math.round(((event.clientY - drag.grip - box.top) / height) / snap) * snap);
        drag.ghost ??= Object.assign(document.createElement("li"), { ariaHidden: "true" });
        drag.ghost.className = "ghost r-" + (minute - start) / step + " s-" + drag.item.dataset.span;
        drag.ghost.textContent = clock(minute);
        if (drag.ghost.parentNode !== slots) slots.append(drag.ghost);
        drag.target = { date: slots.dataset.date, who: slots.dataset.who, time: clock(minute) };
    };
    document.addEventListener("pointerdown", (event) => {
        const item = event.target.closest?.("#board a.appointment[data-id]");
        if (!item || event.button !== 0 || event.pointerType === "touch" || !form("do-move") || !item.closest("ol.slots")?.dataset.date) return;
        drag = { item, x: event.clientX, y: event.clientY, grip: event.clientY - item.getBoundingClientRect().top, ghost: null, target: null, on: false };
    });
    document.addEventListener("pointermove", (event) => {
        if (!drag) return;
        if (!drag.on && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 6) return;
        if (!drag.on) { drag.on = true; drag.item.classList.add("dragged"); document.body.classList.add("dragging"); }
        event.preventDefault();
        place(event);
    });
    document.addEventListener("pointerup", () => {
        if (!drag?.on) { drag = null; return; }
        const { item, target } = drag;
        stop();
        document.addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
        setTimeout(() => document.dispatchEvent(new Event("click")), 0); // where no click follows, none is swallowed later
        if (target) send("do-move", item, "/move", { date: target.date, time: target.time, practitioner: target.who });
    });
    document.addEventListener("pointercancel", stop);
    document.addEventListener("dragstart", (event) => { if (event.target.closest?.("#board")) event.preventDefault(); });

    // The board asks for itself every few seconds: not while somebody drags, or has a dialog open.
    document.addEventListener("htmx:before:request", (event) => {
        if (event.target.id === "board" && (drag || document.querySelector("dialog[open]"))) event.preventDefault();
    });
    // An answer that is none leaves the board as it is; where the session has ended nobody's names stay on the screen.
    document.addEventListener("htmx:before:response", (event) => {
        const status = event.detail?.ctx?.response?.status;
        if (event.target.id !== "board" || !(status >= 400)) return;
        event.preventDefault();
        if (status === 401) location.reload();
    });
    let within = "";
    document.addEventListener("htmx:before:swap", () => { within = document.activeElement?.closest?.("#board a")?.getAttribute("href") ?? ""; });
    document.addEventListener("htmx:after:swap", () => {
        if (within && !document.querySelector("#board :focus")) document.querySelector(`#board a[href="${CSS.escape(within)}"]`)?.focus();
        within = "";
    });

    // Arrows go from one thing to the next: appointments and free times.
    const lanes = () => [...document.querySelectorAll("#board .column")].filter((c) => c.getClientRects().length);
    const stops = (column) => [...column.querySelectorAll(".slots a")].filter((a) => a.getClientRects().length && !covered(a)).sort((a, b) => rowOf(a.parentNode) - rowOf(b.parentNode));
    const covered = (a) => {
        if (!a.parentNode.classList.contains("slot")) return false;
        const row = rowOf(a.parentNode);
        return [...a.closest(".slots").querySelectorAll("a.appointment[data-span]:not(.off)")].some((other) => rowOf(other.parentNode) <= row && row < rowOf(other.parentNode) + Number(other.dataset.span));
    };
    const go = (event) => {
        const columns = lanes();
        const here = document.activeElement.closest(".slots a");
        const at = here ? columns.indexOf(here.closest(".column")) : -1;
        const within = here ? stops(columns[at]) : [];
        let next;
        if (!here) next = stops(columns[0] ?? document.createElement("p"))[0];
        else if (event.key === "ArrowDown") next = within[within.indexOf(here) + 1];
        else if (event.key === "ArrowUp") next = within[within.indexOf(here) - 1];
        else {
            const beside = columns[at + (event.key === "ArrowRight" ? 1 : -1)];
            const row = rowOf(here.parentNode);
            next = beside && stops(beside).reduce((best, a) => !best || Math.abs(rowOf(a.parentNode) - row) < Math.abs(rowOf(best.parentNode) - row) ? a : best, null);
        }
        if (next) { event.preventDefault(); next.focus(); }
    };

    const marks = { c: "confirm", a: "arrive", s: "begin", d: "attend", o: "miss", e: "expect" };
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && drag) { stop(); return; }
        if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
        const board = document.activeElement.closest?.("#board");
        if (!board) return;
        if (event.key.startsWith("Arrow")) { go(event); return; }
        if (document.body.dataset.keys === "off" || document.body.dataset.going) return;
        const item = document.activeElement.closest("a.appointment[data-id]");
        if (!item || !form("do-mark")) return;
        if (marks[event.key]) { event.preventDefault(); send("do-mark", item, "/mark", { what: marks[event.key] }); }
        if (event.key === "m" || event.key === "x") {
            event.preventDefault();
            const open = form("do-dialog");
            const view = new URL(form("do-mark").elements.back.value, location.href).searchParams;
            open.setAttribute("hx-get", item.getAttribute("href") + (event.key === "m" ? "/move" : "/cancel") + "?from=" + view.get("view") + (view.has("place") ? "&place=" + view.get("place") : ""));
            open.click();
        }
    });
})();
