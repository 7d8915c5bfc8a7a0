/* What is shown, kept in the page's fragment: it can be shared, and Back goes back. */
function state_to_fragment() {
	const q = new URLSearchParams(), s = state;
	const put = (key, v) => { if (v) q.append(key, v); };
	put("v", s.tab !== "flame" && s.tab);
	put("m", s.metric !== P.metric && P.metrics[s.metric].key);
	put("t", s.thread.replace(/\0/g, "/"));
	put("g", s.group !== "function" && s.group);
	put("p", s.pivot);
	put("z", s.zoom);
	put("s", s.search);
	for (const [key, list] of [["f", s.focus], ["i", s.ignore], ["h", s.hide]])
		list.forEach(name => put(key, name));
	put("c", s.collapse && "1");
	put("d", s.icicle && "icicle");
	put("u", s.invert && "1");
	put("w", s.heavy && "1");
	put("r", s.range && s.range.join("-"));
	put("o", s.sort !== "self" && s.sort);
	put("x", s.side !== "after" && s.side);
	put("theme", s.theme);
	return q.toString();
}
function state_from_fragment(fragment) {
	const q = new URLSearchParams(fragment), s = state, one = (key, of, or) => of.includes(q.get(key)) ? q.get(key) : or;
	const range = /^(\d{1,4})-(\d{1,4})$/.exec(q.get("r") || ""), m = P.metrics.findIndex(x => x.key === q.get("m"));
	s.tab = one("v", ["flame", "table", "about"], "flame");
	s.metric = m >= 0 && !P.diff ? m : P.metric;
	s.thread = q.get("t") || "";
	if (s.thread && !P.threads.some(t => t.comm === s.thread)) {
		const t = P.threads.find(x => thread_key(x).replace(/\0/g, "/") === s.thread);
		s.thread = t ? thread_key(t) : "";
	}
	s.group = one("g", ["function", "file", "module", "thread"], "function");
	s.pivot = q.get("p") || "";
	s.zoom = q.get("z") || "";
	s.search = q.get("s") || "";
	s.focus = q.getAll("f");
	s.ignore = q.getAll("i");
	s.hide = q.getAll("h");
	s.collapse = q.has("c");
	s.icicle = q.get("d") === "icicle";
	s.invert = q.has("u");
	s.heavy = q.has("w");
	s.range = range && Number(range[1]) < Number(range[2]) ? [Number(range[1]), Number(range[2])] : null;
	s.sort = one("o", ["self", "total", "name", "before", "after"], "self");
	s.side = one("x", ["after", "before", "delta"], "after");
	s.theme = one("theme", ["light", "dark"], "");
}

/* Where the page may not touch its history, a page in a sandbox, steps are kept here. */
const steps_back = [];
function remember(step) {
	const url = "#" + state_to_fragment();
	if (url === (location.hash || "#"))
		return;
	try {
		if (step)
			history.pushState(null, "", url);
		else
			history.replaceState(null, "", url);
	} catch (e) {
		if (step)
			steps_back.push(fragment_now);
	}
	fragment_now = url;
}
let fragment_now = location.hash;
