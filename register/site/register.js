// Filters the list of incidents as one types. Without it the list is whole, and the browser's own search finds in it.
(() => {
	"use strict";
	const form = document.getElementById("filter");
	if (!form) return;
	const rows = [...document.querySelectorAll("#all > li")];
	const said = document.getElementById("found");
	const fields = [...form.querySelectorAll("input, select")];
	const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
	const show = () => {
		const typed = fold(form.elements.q.value).split(/[^\p{L}\p{Nd}]+/u).filter(Boolean);
		const chosen = fields.filter((f) => f.name !== "q" && f.value);
		let found = 0;
		for (const row of rows) {
			const fits = typed.every((word) => row.dataset.words.includes(word)) && chosen.every((f) => row.dataset[f.name].split(" ").includes(f.value));
			row.hidden = !fits;
			if (fits) found++;
		}
		said.textContent = found + (found === 1 ? " incident" : " incidents") + " of " + rows.length;
		const state = new URLSearchParams(fields.filter((f) => f.value).map((f) => [f.name, f.value])).toString();
		history.replaceState(null, "", "#" + state);
	};
	for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
		const field = fields.find((f) => f.name === name);
		if (field) field.value = value;
	}
	form.hidden = false;
	form.addEventListener("input", show);
	form.addEventListener("reset", () => setTimeout(show));
	form.addEventListener("submit", (event) => event.preventDefault());
	show();
})();
