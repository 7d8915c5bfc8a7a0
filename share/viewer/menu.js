/* A menu at a place; items: [text, run, checked or undefined], null for a line. Focus goes back after. */
let menu_open = null;
function close_menu(focus) {
	if (!menu_open)
		return;
	const { box, back } = menu_open;
	menu_open = null;
	box.remove();
	if (focus && back && back.isConnected)
		back.focus({ preventScroll: true });
}
function open_menu(place, title, items) {
	close_menu();
	const back = document.activeElement, box = el("div", { class: "menu", role: "menu", "aria-label": title });
	box.append(...items.map(item => {
		if (!item)
			return el("hr");
		const [text, run, checked] = item;
		return el("button", { type: "button", tabindex: -1, role: checked === undefined ? "menuitem" : "menuitemcheckbox",
			"aria-checked": checked === undefined ? null : String(checked),
			onclick: () => { close_menu(true); run(); } },
			checked === undefined ? text : (checked ? "\u2713 " : "\u2007\u2002") + text);
	}));
	const buttons = [...box.querySelectorAll("button")];
	box.addEventListener("keydown", e => {
		const at = buttons.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[e.key];
		e.stopPropagation();
		if (to !== undefined)
			buttons[(to + buttons.length) % buttons.length].focus();
		else if (e.key === "Escape" || e.key === "Tab")
			close_menu(true);
		else
			return;
		e.preventDefault();
	});
	document.body.append(box);
	const r = place.getBoundingClientRect ? place.getBoundingClientRect() : place;
	box.style.left = Math.max(4, Math.min(r.left, innerWidth - box.offsetWidth - 4)) + "px";
	const below = place.getBoundingClientRect ? r.bottom + 2 : r.top;
	box.style.top = Math.max(4, Math.min(below, innerHeight - box.offsetHeight - 4)) + "px";
	menu_open = { box, back };
	buttons[0].focus();
}
document.addEventListener("pointerdown", e => {
	if (menu_open && !menu_open.box.contains(e.target))
		close_menu();
});
