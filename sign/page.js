// The signing desk's one script: it asks the passkey for what the desk asks, and carries the answer. Nothing here decides anything.
"use strict";
(() => {
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

    // A one-time secret travels in the fragment, which no server sees; it does not stay in the address bar or the history.
    const secret = location.hash.slice(1);
    if (secret) history.replaceState(null, "", location.pathname);

    const post = async (to, body) => {
        const answer = await fetch(to, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body), credentials: "same-origin", redirect: "error", mode: "same-origin"});
        const said = await answer.json();
        if (!answer.ok) throw new Error(said.say || "This did not work.");
        return said;
    };

    // The public key stands at the end of the authenticator data (WebAuthn Level 2 §6.5.1).
    const keyWithin = (data) => {
        const view = new DataView(data);
        return data.slice(55 + view.getUint16(53));
    };

    const touch = async (asked, extra) => {
        const options = asked.options;
        options.challenge = bytes(options.challenge);
        if (asked.create) {
            options.user.id = bytes(options.user.id);
            const made = await navigator.credentials.create({publicKey: options});
            const answer = {attestation_object: text(made.response.attestationObject), client_data: text(made.response.clientDataJSON), ...extra};
            if (extra.secret) {
                const key = await crypto.subtle.importKey("raw", bytes(extra.secret), {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
                answer.proof = text(await crypto.subtle.sign("HMAC", key, keyWithin(made.response.getAuthenticatorData())));
            }
            return post(asked.to, answer);
        }
        options.allowCredentials.forEach((key) => { key.id = bytes(key.id); });
        const given = await navigator.credentials.get({publicKey: options});
        return post(asked.to, {key: text(given.rawId), authenticator_data: text(given.response.authenticatorData), client_data: text(given.response.clientDataJSON), signature: text(given.response.signature)});
    };

    const ask = (form) => {
        if (form.dataset.how === "sheet") {
            const items = [...form.querySelectorAll("input[name=item]:checked:not(:disabled)")].map((box) => box.value);
            return [post(form.dataset.home + "/sheet", {items}), {}];
        }
        const extra = {};
        if ("secret" in form.dataset) extra.secret = secret;
        const asked = post(form.dataset.home + "/ask", {for: form.dataset.for, ...extra});
        if (form.elements.seed) extra.seed = form.elements.seed.value;
        return [asked, extra];
    };

    const sentence = (problem) => {
        if (problem.name === "NotAllowedError") return "The passkey was not used: it was cancelled, took too long, or this device has none for the desk. Nothing was signed.";
        if (problem.name === "TypeError") return "The desk does not answer. Nothing was signed; try again.";
        const say = problem.message || "This did not work.";
        return say[0].toUpperCase() + say.slice(1).replace(/\.?$/, ".");
    };

    document.addEventListener("submit", async (event) => {
        const form = event.target;
        if (!form.dataset.how) return;
        event.preventDefault();
        const failed = form.querySelector("[data-failed]"), button = form.querySelector("button.sign");
        failed.hidden = true;
        button.disabled = true;
        try {
            if ("secret" in form.dataset && !secret) throw new Error("This link is not complete: open it again as you got it, or ask for a new one.");
            const [asked, extra] = ask(form);
            const done = await touch(await asked, extra);
            if (done.go) return location.assign(done.go);
            for (const part of ["fingerprint", "by"]) {
                document.querySelectorAll("[data-" + part + "]").forEach((place) => { place.textContent = done[part]; });
            }
            document.querySelectorAll("[data-before]").forEach((place) => { place.hidden = true; });
            document.querySelectorAll("[data-after]").forEach((place) => { place.hidden = false; });
        } catch (problem) {
            failed.textContent = sentence(problem);
            failed.hidden = false;
        }
        button.disabled = false;
    });

    const boxes = [...document.querySelectorAll("input[name=item]")], chosen = document.querySelector("[data-chosen]");
    const count = () => {
        if (chosen) chosen.textContent = boxes.filter((box) => box.checked).length + " of " + boxes.length + " ticked";
    };
    const tick = (on) => () => { boxes.forEach((box) => { if (!box.disabled) box.checked = on; }); count(); };
    document.querySelector("[data-all]")?.addEventListener("click", tick(true));
    document.querySelector("[data-none]")?.addEventListener("click", tick(false));
    boxes.forEach((box) => box.addEventListener("change", count));
    count();
    document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
})();
