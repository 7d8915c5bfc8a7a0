/* Puts the parts together: controls, keys, and what is shown anew when the state has changed. */

/* --- what is said of a box --- */

function label_text(labels, l) {
	return labels.group === "module" && labels.kind[l] !== NOTE ? base_name(labels.name[l]) : labels.name[l];
}
function where_text(labels, l) {
	const f = labels.frame[l], kind = KINDS[labels.kind[l]];
	if (f < 0)
		return kind;
	return [kind, labels.group === "function" || labels.group === "table" ? place_text(P.frames.file[f], P.frames.line[f]) : "",
		labels.group === "module" ? labels.name[l] : base_name(P.frames.module[f])].filter(Boolean).join(", ");
}
/* Lines: name; total and self with their shares; shares of others; kind, place and module. */
function box_text({ tree, labels, whole }, i) {
	const l = tree.label[i], unit = metric().unit, name = l < 0 ? "all" : clipped(label_text(labels, l), 512);
	const lines = [name];
	if (P.diff) {
		lines.push(...diff_text(diff_at(tree, i), unit, whole));
	} else {
		const total = tree.total[0][i], self = tree.self[0][i];
		lines.push("total " + value_text(total, unit) + ", " + percent_text(total, whole[0]) + "; self " +
			value_text(self, unit) + ", " + percent_text(self, whole[0]));
		const up = tree.parent[i], more = [];
		if (i && up)
			more.push(percent_text(total, tree.total[0][up]) + (tree.depth[i] < 0 ? " of its callee" : " of its caller"));
		if (tree.total[1])
			more.push(grouped(tree.total[1][i]) + (Math.round(tree.total[1][i]) === 1 ? " sample" : " samples"));
		if (more.length)
			lines.push(more.join("; "));
	}
	const where = l < 0 ? "" : where_text(labels, l);
	if (where)
		lines.push(where);
	return lines;
}

/* --- the page --- */

function start() {
	const app = document.getElementById("app"), still = document.getElementById("still");
	const about = document.getElementById("about"), title = document.title;
	const dark_wanted = matchMedia("(prefers-color-scheme: dark)");
	let view = null, found = null, match = -1, table_data = null, known = {};

	/* --- changing the state --- */

	function set(changes, step = true) {
		Object.assign(state, changes);
		remember(step);
		refresh();
	}
	function without(list, name) { return list.filter(s => s !== name); }
	function pivot(name) { set({ pivot: name, tab: "flame", zoom: "" }); flame.canvas.focus({ preventScroll: true }); }
	function reset() { set({ zoom: "", pivot: "", focus: [], ignore: [], hide: [], range: null, thread: "" }); }
	function zoom(i) {
		const z = i ? hashes()[i].toString(36) : "";
		if (z === state.zoom) {
			flame.zoom_to(i);
			return;
		}
		flame.zoom_to(i);
		state.zoom = z;
		known.zoom = z;
		remember(true);
		tell(i);
		trail();
	}
	function hashes() { return view.hashes = view.hashes || tree_hashes(view.tree, view.labels.name); }
	function node_of_hash(z) { return z ? Math.max(hashes().indexOf(parseInt(z, 36)), 0) : 0; }

	/* --- controls --- */

	function button(text, run, more) {
		return el("button", Object.assign({ type: "button", onclick: run }, more), text);
	}
	const tabs = { flame: "Flame graph", table: "Functions", about: "About" };
	const tab_buttons = Object.keys(tabs).map(key => button(tabs[key], () => set({ tab: key }), { "data-tab": key }));
	function select(label, options, change) {
		const s = el("select", { onchange: () => change(s.value), "aria-label": label, title: label });
		s.append(...options);
		return s;
	}
	const option = (value, text) => el("option", { value }, text);
	const metrics = P.profiles.map((p, q) => {
		const options = P.metrics.map((m, i) => m.profile === p ? option(i, m.type) : null).filter(Boolean);
		return P.profiles.length > 1 ? el("optgroup", { label: q ? "All threads' time" : "CPU profile" }, ...options) : options;
	}).flat();
	const metric_box = P.diff ? select("Width", [option("after", "Width: after"), option("before", "Width: before"),
		option("delta", "Width: change")], v => set({ side: v }))
		: select("Metric", metrics, v => set({ metric: Number(v), range: P.metrics[v].profile === profile() ? state.range : null }));
	const thread_box = select("Threads", thread_options(), v => set({ thread: v, zoom: "" }));
	const group_box = select("Group by", [option("function", "by function"), option("file", "by file"),
		option("module", "by module"), option("thread", "by thread")], v => set({ group: v, zoom: "", pivot: "" }));
	const input = el("input", { type: "search", placeholder: "Search (/)", "aria-label": "Search names, regular expression",
		spellcheck: "false", autocomplete: "off", oninput: () => set({ search: input.value }, false) });
	const output = el("output", { "aria-live": "polite" });
	const previous = button("\u2039", () => cycle(-1), { "aria-label": "Previous match (N)", title: "Previous match (N)" });
	const next = button("\u203a", () => cycle(1), { "aria-label": "Next match (n)", title: "Next match (n)" });
	const view_menu = button("View \u25be", e => open_menu(e.currentTarget, "View", view_items()), { "aria-haspopup": "menu" });
	const save_menu = button("Save \u25be", e => open_menu(e.currentTarget, "Save", save_items()), { "aria-haspopup": "menu" });
	const help_button = button("?", help, { "aria-label": "Keys", title: "Keys (?)" });
	const bar = el("div", { class: "bar" },
		el("div", { class: "tabs", role: "group", "aria-label": "View" }, ...tab_buttons),
		metric_box, thread_box, group_box,
		el("span", { class: "search" }, input, previous, next, output),
		el("span", { class: "right" }, view_menu, save_menu, help_button));
	const path = el("nav", { class: "path", "aria-label": "Zoomed to" }), chips = el("div", { class: "chips" });
	const details = el("p", { id: "details", class: "details", "aria-live": "polite" });
	const actions = button("Actions \u25be", () => box_menu(flame.current, actions), { "aria-haspopup": "menu", title: "For the marked frame (m)" });
	const legend = el("div", { class: "legend" }), note = el("p", { class: "note" });
	const tip = el("div", { class: "tip", role: "presentation", hidden: true });
	const short_keys = el("p", { id: "keys-short", class: "unseen" },
		"Arrow keys go from frame to frame, Enter zooms, Escape goes back, p shows callers and callees, m has more, the question mark all keys. The Functions view is a table of the same.");

	const flame = flame_view({
		hover(i, e) { show_tip(i, e); },
		pick(i, e) {
			if (e.shiftKey || e.altKey || e.ctrlKey || e.metaKey) {
				if (view.tree.label[i] >= 0)
					pivot(view.labels.name[view.tree.label[i]]);
			} else if (e.pointerType === "touch" && i !== flame.current) {
				flame.select(i);
				tell(i);
			} else {
				zoom(i);
			}
		},
		menu(i, place) {
			flame.select(i);
			box_menu(i, place);
		},
		painted() {
			if (performance.getEntriesByName("profd-drawn").length)
				return;
			performance.mark("profd-drawn");
		}
	});
	const strip = time_strip({ choose(range) { set({ range }, Boolean(range) !== Boolean(state.range)); } });
	const table = table_view({
		pick: pivot,
		sort(key) { set({ sort: key }, false); },
		menu(name, element) { open_menu(element, "Actions for " + clipped(name, 60), name_items(name)); }
	});
	const changes = P.diff ? el("div", { class: "changes" }) : null;
	const flame_pane = el("section", { "aria-label": "Flame graph" }, path, flame.box,
		el("div", { class: "under" }, details, actions), legend, note);
	const table_pane = el("section", { "aria-label": "Functions" }, table.box, changes);
	const about_pane = el("section", { "aria-label": "About this recording" });
	about_pane.append(about || "", about_facts());

	function thread_options() {
		const sums = new Map();
		for (const p of P.profiles)
			for (let row = 0; row < p.rows; row++)
				sums.set(p.thread[row], (sums.get(p.thread[row]) || 0) + 1);
		const comms = new Map();
		P.threads.forEach((t, i) => {
			const c = comms.get(t.comm) || { sum: 0, threads: [] };
			c.sum += sums.get(i) || 0;
			c.threads.push(t);
			comms.set(t.comm, c);
		});
		const options = [option("", "all threads")];
		for (const [comm, c] of [...comms].sort((a, b) => b[1].sum - a[1].sum)) {
			if (comms.size > 1 || c.threads.length < 2)
				options.push(option(comm, clipped(comm, 40) + (c.threads.length > 1 ? ", all " + c.threads.length : "")));
			if (c.threads.length > 1)
				options.push(...c.threads.slice(0, 500).map(t => option(thread_key(t), "\u2003" + clipped(thread_name(t), 60))));
		}
		return options;
	}
	function about_facts() {
		const rows = P.metrics.map(m => [m.key, value_text(m.total, m.unit) + " (" + m.unit + ")"]);
		rows.push(["Tree", grouped(P.nodes.n - 1) + " frames on " + grouped(P.profiles[0].rows) + " stacks, " +
			grouped(P.frames.n - 1) + " functions, " + grouped(P.threads.length) + (P.threads.length === 1 ? " thread" : " threads")]);
		if (P.left_out)
			rows.push(["Left out", left_out_text()]);
		return el("section", {}, el("h2", {}, "About these data"),
			el("table", { class: "facts" }, el("tbody", {}, ...rows.map(([k, v]) => el("tr", {}, el("th", { scope: "row" }, k), el("td", {}, v))))));
	}
	function left_out_text() {
		const p = profile(), m = p.values[p.default], share = 100 * p.left_largest / (m.total || 1);
		const step = 10 ** (Math.floor(Math.log10(share || 1)) - 1), bound = Number((Math.ceil(share / step + 1e-9) * step).toPrecision(2));
		return percent_text(p.left_total, m.total) + " of " + m.type + " passes through " + grouped(P.left_out) +
			" frames, each branch below " + bound + " %, that are not in this page: " + LEFT_OUT + " stands for them. " +
			"The numbers of functions are exact as long as nothing is filtered.";
	}

	/* --- menus --- */

	function name_items(name) {
		const has = list => state[list].includes(name);
		return [
			["Callers and callees (p)", () => pivot(name)],
			["Search for it", () => { input.value = name; set({ search: name, tab: "flame" }); }],
			null,
			[has("focus") ? "Focus no more" : "Only stacks with it (f)", () => toggle("focus", name)],
			[has("ignore") ? "Ignore no more" : "Only stacks without it", () => toggle("ignore", name)],
			[has("hide") ? "Hide no more" : "Hide its frames (h)", () => toggle("hide", name)],
			null,
			["Copy the name (y)", () => copy(name)]
		];
	}
	function toggle(list, name) {
		set({ [list]: state[list].includes(name) ? without(state[list], name) : [...state[list], name], zoom: "" });
	}
	function copy(text) {
		const done = () => { details.textContent = "Copied: " + clipped(text, 200); };
		const old = () => {
			const t = el("textarea", { class: "unseen" });
			t.value = text;
			document.body.append(t);
			t.select();
			document.execCommand("copy");
			t.remove();
			flame.canvas.focus({ preventScroll: true });
			done();
		};
		if (navigator.clipboard)
			navigator.clipboard.writeText(text).then(done, old);
		else
			old();
	}
	function box_menu(i, place) {
		const l = view.tree.label[i], name = l < 0 ? "all" : view.labels.name[l];
		const at = place || flame.rectangle(i);
		open_menu(at, "Actions for " + clipped(name, 60), [
			["Zoom to it (Enter)", () => zoom(i)], ...(l < 0 || view.labels.kind[l] === PROCESS ? [] : name_items(name))]);
	}
	function view_items() {
		const flip = key => () => set({ [key]: !state[key], zoom: key === "icicle" ? state.zoom : "" });
		return [
			["Root on top, icicle (i)", flip("icicle"), state.icicle],
			["Leaves first, callers on them (b)", flip("invert"), state.invert],
			["Largest first (w)", flip("heavy"), state.heavy],
			["Collapse recursion (c)", flip("collapse"), state.collapse],
			null,
			["Colours of the system", () => set({ theme: "" }, false), state.theme === ""],
			["Light (t)", () => set({ theme: "light" }, false), state.theme === "light"],
			["Dark (t)", () => set({ theme: "dark" }, false), state.theme === "dark"]
		];
	}
	function save_items() {
		const base = "profile", text = (name, type, s) => save(name, new Blob([s], { type }));
		return [
			["Picture, SVG", () => text(base + ".svg", "image/svg+xml", export_svg(flame, title))],
			["Picture, PNG", () => flame.picture().toBlob(b => save(base + ".png", b))],
			["Folded stacks", () => text(base + ".folded", "text/plain", export_folded())],
			["pprof", () => export_pprof().then(b => save(base + ".pb.gz", b))],
			["Copy the link to this view", () => copy(location.href.split("#")[0] + "#" + state_to_fragment())]
		];
	}
	function help() {
		const keys = [["Arrow keys", "from frame to frame: caller, callee, neighbours"], ["Enter", "zoom"],
			["Backspace", "zoom out to the caller"], ["Esc", "one step back: search, zoom, pivot, filters"],
			["/ or Ctrl-F", "search, regular expression; small letters match both cases"], ["n, N", "next and previous match"],
			["p, Shift-click", "callers and callees of a function"], ["m, right click", "menu for a frame"],
			["f, h", "only stacks with it; hide its frames"], ["y", "copy the name"],
			["i", "icicle or flame"], ["b", "leaves first"], ["w", "largest first"], ["c", "collapse recursion"],
			["1, 2, 3", "flame graph, functions, about"], ["0", "reset zoom and all filters"], ["t", "light or dark"], ["?", "this list"]];
		const box = el("dialog", { "aria-label": "Keys" }, el("h2", {}, "Keys"),
			el("table", { class: "facts" }, el("tbody", {}, ...keys.map(([k, v]) => el("tr", {}, el("th", { scope: "row" }, k), el("td", {}, v))))),
			el("form", { method: "dialog" }, el("button", {}, "Close")));
		box.addEventListener("close", () => box.remove());
		document.body.append(box);
		box.showModal();
	}

	/* --- saying things --- */

	function tell(i) {
		const lines = box_text(view, i);
		details.replaceChildren(el("strong", {}, lines[0]), " " + lines.slice(1).join(" \u2014 "));
	}
	function show_tip(i, e) {
		tip.hidden = i < 0;
		if (i < 0)
			return;
		const lines = box_text(view, i);
		tip.replaceChildren(el("strong", {}, lines[0]), ...lines.slice(1).map(s => el("div", {}, s)));
		const right = e.clientX + 14 + tip.offsetWidth > innerWidth;
		tip.style.left = Math.max(4, right ? e.clientX - tip.offsetWidth - 10 : e.clientX + 14) + "px";
		tip.style.top = Math.max(4, e.clientY + 18 + tip.offsetHeight > innerHeight ? e.clientY - tip.offsetHeight - 10 : e.clientY + 18) + "px";
	}
	/* The zoomed box and those it stands on. */
	function trail() {
		const boxes = [];
		for (let i = flame.zoomed; i; i = view.tree.parent[i])
			boxes.unshift(i);
		const shown = boxes.length > 7 ? [...boxes.slice(0, 2), -1, ...boxes.slice(-4)] : boxes;
		const name = i => clipped(fit_name(label_text(view.labels, view.tree.label[i]), 36), 60);
		path.replaceChildren(...(boxes.length ? [
			button("Reset zoom", () => zoom(0), { class: "reset" }), ...[0, ...shown].map((i, k) => i < 0 ? el("span", {}, " \u203a \u2026") :
				el("span", {}, k ? " \u203a " : "", button(i ? name(i) : view.pivot ? state.pivot : "all", () => zoom(i),
					{ class: "link", "aria-current": i === flame.zoomed ? "true" : null })))] : []));
	}
	function chip(what, name, remove) {
		return el("span", { class: "chip" }, what + (name ? ": " : ""), name ? el("b", {}, clipped(name, 60)) : null, " ",
			button("\u00d7", remove, { "aria-label": "Remove: " + what + " " + clipped(name || "", 60) }));
	}
	function tell_filters() {
		const list = [];
		if (state.pivot)
			list.push(chip("Callers below, callees above", state.pivot, () => set({ pivot: "", zoom: "" })));
		state.focus.forEach(s => list.push(chip("Only with", s, () => toggle("focus", s))));
		state.ignore.forEach(s => list.push(chip("Only without", s, () => toggle("ignore", s))));
		state.hide.forEach(s => list.push(chip("Hidden", s, () => toggle("hide", s))));
		if (state.collapse)
			list.push(chip("Recursion collapsed", "", () => set({ collapse: false, zoom: "" })));
		if (state.invert)
			list.push(chip("Leaves first", "", () => set({ invert: false, zoom: "" })));
		if (list.length > 1 || state.focus.length)
			list.push(button("Reset all", reset));
		chips.replaceChildren(...list);
	}
	function tell_found() {
		const s = state.search;
		output.textContent = !s ? "" : state.tab === "table" ? "" : "matched " + (view.pivot ? "" : percent_text(found.sum, view.tree.size[0]) + " (") +
			grouped(found.boxes.length) + (found.boxes.length === 1 ? " frame" : " frames") + (view.pivot ? "" : ")");
		previous.hidden = next.hidden = !s || state.tab !== "flame";
	}
	function cycle(by) {
		if (!found || !found.boxes.length)
			return;
		match = (match + by + found.boxes.length) % found.boxes.length;
		const i = found.boxes[match], inside = i >= flame.zoomed && i <= view.tree.end[flame.zoomed];
		if (!inside)
			zoom(0);
		flame.select(i);
		tell(i);
		details.append(" \u2014 match " + (match + 1) + " of " + found.boxes.length);
	}
	function tell_legend() {
		if (P.diff) {
			legend.replaceChildren(...[["less", "\u2212 less"], ["same", "no more than noise"], ["more", "+ more"]].map(([look, s]) =>
				el("span", {}, el("i", { class: "swatch " + look }), s)),
			el("span", {}, "Noise of a frame: 2 \u221a(n\u2081w\u2081\u00b2 + n\u2082w\u2082\u00b2), n its samples and w the mean value of one, before and after."));
			return;
		}
		const words = ["code", "kernel [k], with a bar", "inlined [i], corner cut", "JIT [j], dotted", "note", state.group === "thread" ? "thread" : "process"];
		const present = new Set();
		for (let i = 1; i < view.tree.n; i++)
			present.add(view.labels.kind[view.tree.label[i]]);
		legend.replaceChildren(...words.map((s, kind) => {
			if (!present.has(kind))
				return null;
			const sample = el("i", { class: "swatch k" + kind });
			sample.style.background = shade_of("legend", kind, is_dark());
			return el("span", {}, sample, s);
		}).filter(Boolean), el("span", { class: "hint" }, "Click zooms, Shift-click shows callers and callees, right click has more, ? lists the keys."));
	}

	/* --- themes --- */

	function is_dark() { return state.theme ? state.theme === "dark" : dark_wanted.matches; }
	function apply_theme() {
		document.documentElement.dataset.theme = is_dark() ? "dark" : "light";
		flame.theme(is_dark());
		strip.theme(is_dark());
		if (view)
			tell_legend();
	}
	dark_wanted.addEventListener("change", apply_theme);

	/* --- showing --- */

	function differs(...keys) {
		return keys.some(k => JSON.stringify(state[k]) !== known[k]);
	}
	function refresh() {
		const filters = ["metric", "thread", "range", "focus", "ignore", "group", "side"];
		const new_tree = differs(...filters, "hide", "collapse", "invert", "heavy", "pivot");
		const new_table = differs(...filters) && (table_data = null, true);
		if (state.range && !profile().when)
			state.range = null;
		if (new_tree) {
			view = build_view();
			if (state.pivot && !view.pivot)
				state.pivot = "";
			found = null;
			flame.show(view, node_of_hash(state.zoom));
		} else if (differs("zoom")) {
			flame.zoom_to(node_of_hash(state.zoom));
		}
		if (!new_tree && differs("icicle"))
			flame.turn();
		if (new_tree || differs("search")) {
			found = state.search ? look_for(view, state.search) : null;
			match = -1;
			flame.highlight(found && found.labels);
		}
		if (state.tab === "table" && !table_data)
			table.show(table_data = build_table());
		else if (state.tab === "table" && differs("search", "sort", "tab"))
			table.sort();
		if (P.diff && state.tab === "table" && (new_table || differs("tab")))
			tell_changes();
		if (differs(...filters))
			strip.show(build_times(), profile().bin_ns);
		if (differs("theme"))
			apply_theme();
		for (const k in state)
			known[k] = JSON.stringify(state[k]);
		show_controls();
		if (new_tree || differs("zoom"))
			tell(flame.zoomed);
		flame.wish();
	}
	function show_controls() {
		tab_buttons.forEach(b => {
			b.setAttribute("aria-pressed", String(b.dataset.tab === state.tab));
			if (b.dataset.tab === "table")
				b.textContent = { function: "Functions", file: "Files", module: "Modules", thread: "Threads" }[state.group];
		});
		metric_box.value = P.diff ? state.side : state.metric;
		thread_box.value = state.thread;
		group_box.value = state.group;
		thread_box.hidden = P.threads.length < 2;
		metric_box.hidden = !P.diff && P.metrics.length < 2;
		if (input.value !== state.search)
			input.value = state.search;
		flame_pane.hidden = state.tab !== "flame";
		table_pane.hidden = state.tab !== "table";
		about_pane.hidden = state.tab !== "about";
		strip.box.hidden = state.tab === "about" || !profile().when;
		note.textContent = P.left_out ? left_out_text() : "";
		trail();
		tell_filters();
		tell_found();
		tell_legend();
	}
	function tell_changes() {
		const unit = metric().unit, tree = view.tree, name = i => label_text(view.labels, tree.label[i]);
		const list = (head, rows, text, value, run) => rows.length ? el("section", {}, el("h2", {}, head + " (" + grouped(rows.length) + ")"),
			el("ul", {}, ...rows.slice(0, 50).map(r => el("li", {}, button(clipped(text(r), 200), () => run(r), { class: "link" }),
				" " + value_text(value(r), unit))))) : "";
		const path_of = i => {
			const up = tree.parent[i];
			return (tree.parent[up] ? "\u2026 " : "") + (up ? name(up) + " \u203a " : "") + name(i);
		};
		changes.replaceChildren(...[["New", "only after", AFTER, BEFORE], ["Vanished", "only before", BEFORE, AFTER]].flatMap(([what, when, has, lacks]) => [
			list(what + " functions: " + when, diff_functions(table_data, has, lacks), r => r.name, r => r.total[has], r => pivot(r.name)),
			list(what + " stacks: " + when, diff_stacks(tree, has, lacks), path_of, i => tree.total[has][i], i => {
				set({ tab: "flame", side: has === AFTER ? "after" : "before", zoom: hashes()[i].toString(36) });
			})]));
	}

	/* --- keys --- */

	function back() {
		if (state.search)
			set({ search: "" }, false);
		else if (state.zoom)
			zoom(0);
		else if (state.pivot)
			set({ pivot: "" });
		else if (restricted() || state.hide.length)
			reset();
		else if (steps_back.length)
			restore(steps_back.pop());
	}
	const ARROWS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };
	flame.canvas.addEventListener("keydown", e => {
		if (e.ctrlKey || e.altKey || e.metaKey)
			return;
		const i = flame.current, l = view.tree.label[i], name = l >= 0 && view.labels.kind[l] !== PROCESS ? view.labels.name[l] : "";
		if (ARROWS[e.key]) {
			const to = flame.neighbour(i, ARROWS[e.key]);
			if (to !== undefined) {
				flame.select(to);
				tell(to);
			}
		} else if (e.key === "Enter" || e.key === " ") {
			zoom(i);
		} else if (e.key === "Backspace") {
			zoom(view.tree.parent[flame.zoomed]);
		} else if (e.key === "m" || e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) {
			box_menu(i);
		} else if (e.key === "p" && name) {
			pivot(name);
		} else if (e.key === "f" && name) {
			toggle("focus", name);
		} else if (e.key === "h" && name) {
			toggle("hide", name);
		} else if (e.key === "y") {
			copy(name || "all");
		} else {
			return;
		}
		e.preventDefault();
		e.stopPropagation();
	});
	flame.canvas.addEventListener("focus", () => tell(flame.current));
	input.addEventListener("keydown", e => {
		e.stopPropagation();
		if (e.key === "Escape") {
			set({ search: "" }, false);
			flame.canvas.focus({ preventScroll: true });
		} else if (e.key === "Enter") {
			cycle(e.shiftKey ? -1 : 1);
		}
	});
	const KEYS = { i: () => set({ icicle: !state.icicle }), b: () => set({ invert: !state.invert, zoom: "" }),
		w: () => set({ heavy: !state.heavy }), c: () => set({ collapse: !state.collapse, zoom: "" }), n: () => cycle(1), N: () => cycle(-1),
		"0": reset, "1": () => set({ tab: "flame" }), "2": () => set({ tab: "table" }), "3": () => set({ tab: "about" }),
		t: () => set({ theme: is_dark() ? "light" : "dark" }, false), "?": help, Escape: back };
	document.addEventListener("keydown", e => {
		const typing = /^(input|textarea|select)$/i.test(e.target.nodeName) || e.target.closest("dialog, .menu");
		const find = e.key === "f" && (e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey;
		const plain = !e.ctrlKey && !e.altKey && !e.metaKey;
		if (e.defaultPrevented || (typing && !find))
			return;
		if (find || (plain && e.key === "/")) {
			e.preventDefault();
			input.focus();
			input.select();
		} else if (plain && KEYS[e.key]) {
			e.preventDefault();
			KEYS[e.key]();
		}
	});

	/* --- the beginning --- */

	function restore(fragment) {
		state_from_fragment(fragment.replace(/^#/, ""));
		fragment_now = fragment;
		refresh();
	}
	self.addEventListener("popstate", () => restore(location.hash));
	self.addEventListener("hashchange", () => { if (location.hash !== fragment_now) restore(location.hash); });
	state_from_fragment(location.hash.slice(1));
	app.replaceChildren(short_keys, bar, chips, strip.box, flame_pane, table_pane, about_pane);
	document.body.append(tip);
	still.remove();
	refresh();
	document.documentElement.classList.add("live");
	/* For tests. */
	Object.assign(self.profd, { shade: shade_of, table: build_table });
	self.profd.fill = name => diff_fill(view.tree, view.tree.label.findIndex(l => view.labels.name[l] === name), false);
	self.profd.boxes = () => {
		const list = [];
		flame.seen().each(i => list.push({ name: view.tree.label[i] < 0 ? "all" : view.labels.name[view.tree.label[i]], depth: view.tree.depth[i],
			total: view.tree.total[0][i], self: view.tree.self[0][i], ...flame.place(i) }));
		return list;
	};
}

try {
	P = read_profile(self.profd.data);
	start();
} catch (e) {
	self.profd.failed(e.message);
	throw e;
}
