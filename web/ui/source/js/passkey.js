// Passkeys: a form that says data-passkey asks the browser before it is sent, and carries the answer. Nothing here decides anything.
(() => {
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    let waiting; // an offer among what the browser fills in; one request at a time is allowed

    const ask = async (form, extra) => {
        const options = JSON.parse(form.dataset.options);
        options.challenge = bytes(options.challenge);
        for (const list of [options.allowCredentials, options.excludeCredentials]) list?.forEach((key) => { key.id = bytes(key.id); });
        if (form.dataset.passkey === "create") {
            options.user.id = bytes(options.user.id);
            return navigator.credentials.create({publicKey: options, ...extra});
        }
        return navigator.credentials.get({publicKey: options, ...extra});
    };
    const send = (form, key) => {
        const response = {clientDataJSON: text(key.response.clientDataJSON)};
        for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
            if (key.response[part]) response[part] = text(key.response[part]);
        }
        form.elements.answer.value = JSON.stringify({id: key.id, type: key.type, response});
        form.requestSubmit();
    };

    document.addEventListener("submit", async (event) => {
        const form = event.target;
        if (!form.dataset.passkey || form.elements.answer.value) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (!form.reportValidity()) return;
        const failed = form.querySelector("[data-failed]");
        failed.hidden = true;
        waiting?.abort();
        try {
            send(form, await ask(form));
        } catch {
            failed.hidden = false;
        }
    }, true);
    window.addEventListener("pageshow", () => document.querySelectorAll("form[data-passkey]").forEach((form) => { form.elements.answer.value = ""; }));

    const offered = document.querySelector("form[data-passkey][data-offer]");
    if (offered) (async () => {
        if (!await window.PublicKeyCredential?.isConditionalMediationAvailable?.()) return;
        waiting = new AbortController();
        try {
            send(offered, await ask(offered, {mediation: "conditional", signal: waiting.signal}));
        } catch { /* nobody chose one */ }
    })();
})();
