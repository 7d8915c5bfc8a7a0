/* The table of functions (files, modules, threads): sortable, searchable, every name a button. */
const TABLE_STEP = 100;

/* ui: pick(name), menu(name, element), sort(key). */
function table_view(ui) {
	const caption = el("caption"), head = el("tr"), body = el("tbody");
	const more = el("button", { type: "button", class: "more", onclick: () => { shown += 5 * TABLE_STEP; fill(); } });
	const box = el("div", { class: "scroll" },
		el("table", { class: "top" }, caption, el("thead", {}, head), body), more);
	let data = null, sorted = [], shown = TABLE_STEP;

	function columns_now() {
		const d = P.diff ? diff_columns() : [
			{ key: "self", title: "Self", share: "Self %", of: r => r.self[0] },
			{ key: "total", title: "Total", share: "Total %", of: r => r.total[0] }];
		return d;
	}
	function header() {
		const cells = [];
		for (const c of columns_now()) {
			cells.push([c.key, c.title]);
			if (c.share)
				cells.push([c.key, c.share]);
		}
		cells.push(["name", { function: "Function", file: "File", module: "Module", thread: "Thread" }[state.group]]);
		head.replaceChildren(...cells.map(([key, title]) => {
			const on = state.sort === key;
			return el("th", { scope: "col", "aria-sort": on ? (key === "name" ? "ascending" : "descending") : null,
				class: key === "name" ? null : "n" },
				el("button", { type: "button", onclick: () => ui.sort(key) }, title + (on ? key === "name" ? " \u25b4" : " \u25be" : "")));
		}), ...(state.group === "function" ? [el("th", { scope: "col" }, "Source, module")] : []),
		el("th", { scope: "col" }, el("span", { class: "unseen" }, "Actions")));
	}
	function where(label) {
		const f = data.labels.frame[label];
		if (f < 0)
			return "";
		const file = P.frames.file[f], line = P.frames.line[f];
		return [file && line ? file + ":" + line : file, base_name(P.frames.module[f])].filter(Boolean).join(", ");
	}
	function row_of(r) {
		const unit = metric().unit, cells = [], kind = data.labels.kind[r.label];
		for (const c of columns_now()) {
			const v = c.of(r);
			cells.push(el("td", { class: "n" + (c.look ? " " + c.look(r) : "") }, c.text ? c.text(r) : value_text(v, unit)));
			if (c.share)
				cells.push(el("td", { class: "n" }, percent_text(v, data.whole[0])));
		}
		const name = clipped(label_text(data.labels, r.label), 512);
		cells.push(el("th", { scope: "row" },
			el("button", { type: "button", class: "link", title: "Callers and callees", onclick: () => ui.pick(r.name) }, name),
			KINDS[kind] && kind !== PROCESS ? el("span", { class: "kind" }, " " + KINDS[kind]) : null));
		if (state.group === "function")
			cells.push(el("td", { class: "where" }, clipped(where(r.label), 300)));
		cells.push(el("td", {}, el("button", { type: "button", class: "dots", "aria-haspopup": "menu",
			"aria-label": "Actions for " + clipped(name, 80), onclick: e => ui.menu(r.name, e.currentTarget) }, "\u22ef")));
		return el("tr", {}, ...cells);
	}
	function fill() {
		const rows = sorted.slice(0, shown);
		body.replaceChildren(...rows.map(row_of));
		more.hidden = sorted.length <= shown;
		more.textContent = "Show " + Math.min(5 * TABLE_STEP, sorted.length - shown) + " more of " + grouped(sorted.length);
		const what = { function: "functions", file: "files", module: "modules", thread: "threads" }[state.group];
		caption.textContent = grouped(rows.length) + " of " + grouped(data.rows.length) + " " + what +
			(state.search ? ", those that match \u201c" + state.search + "\u201d" : "") + "; " +
			(P.diff ? "before " + value_text(data.whole[0], metric().unit) + ", after " + value_text(data.whole[1], metric().unit)
				: value_text(data.whole[0], metric().unit) + " of " + metric().type) +
			" in all. Total includes what it calls, recursion counted once.";
	}
	return {
		box,
		show(d) {
			data = d;
			shown = TABLE_STEP;
			this.sort();
		},
		sort() {
			const re = state.search && matcher(state.search);
			const column = columns_now().find(c => c.key === state.sort);
			const by = column && (column.rank || column.of);
			const text = (a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
			sorted = data.rows.filter(r => !re || re.test(r.name));
			sorted.sort((a, b) => (by ? by(b) - by(a) || b.total[0] - a.total[0] : 0) || text(a, b));
			header();
			fill();
		}
	};
}
