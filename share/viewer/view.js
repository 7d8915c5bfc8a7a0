/* What is shown of the profile: which samples count, under which names, as which tree or table. */
const state = { tab: "flame", metric: 0, thread: "", group: "function", zoom: "", pivot: "", search: "",
	focus: [], ignore: [], hide: [], collapse: false, icicle: false, invert: false, heavy: false,
	range: null, sort: "self", theme: "", side: "after" };
let P;

/* --- names for frames --- */

/* of: the label of each frame. The commands or threads come behind them. */
function make_labels(group) {
	const f = P.frames, of = new Int32Array(f.n), known = Array.from({ length: 6 }, () => new Map());
	const l = { group, of, name: [], kind: [], frame: [], process: [] };
	function label(key, name, kind, frame) {
		/* In the table a function is one, inlined or not. */
		const others = known[group === "table" && kind !== PROCESS ? 0 : kind];
		let id = others.get(key);
		if (id === undefined) {
			others.set(key, id = l.name.length);
			l.name.push(name);
			l.kind.push(kind);
			l.frame.push(frame);
		}
		return id;
	}
	for (let i = 0; i < f.n; i++) {
		let name = f.name[i], key = name, kind = f.kind[i];
		if (kind !== NOTE && group === "file")
			key = name = f.file[i] || (f.module[i] ? "[" + base_name(f.module[i]) + "]" : "[unknown]");
		else if (kind !== NOTE && group === "module")
			key = name = f.module[i] || "[unknown]";
		else if (group === "table")
			key = name + "\0" + f.file[i];
		if (kind === INLINED && (group === "file" || group === "module"))
			kind = USER;
		of[i] = label(key, name, kind, i);
	}
	for (const t of P.threads)
		l.process.push(group === "thread" ? label(thread_key(t) + t.name, thread_name(t), PROCESS, -1) : label(t.comm, t.comm, PROCESS, -1));
	const order = new Map();
	[...new Set(l.name)].sort().forEach((name, k) => order.set(name, 8 * k));
	l.rank = Int32Array.from(l.name, (name, i) => order.get(name) + l.kind[i]);
	l.ranks = 8 * order.size + 8;
	return l;
}
function thread_name(t) {
	const name = t.name && t.name !== t.comm ? t.comm + ": " + t.name : t.comm;
	return t.tid ? name + " (" + (t.pid && t.pid !== t.tid ? t.pid + "/" : "") + t.tid + ")" : name;
}
const labels_made = {};
function labels_of(group) {
	return labels_made[group] = labels_made[group] || make_labels(group);
}

/* --- which samples count --- */

function metric() { return P.metrics[state.metric]; }
function profile() { return metric().profile; }
function restricted() {
	return Boolean(state.thread || state.range || state.focus.length || state.ignore.length);
}

/* Per frame, whether its name is @name. */
function frames_named(name) {
	return P.frames.name.map(s => s === name);
}
/* Per node, whether its stacks are wanted; null: all. */
function nodes_passing() {
	const n = P.nodes, wanted = [...state.focus.map(s => [frames_named(s), 1]),
		...state.ignore.map(s => [frames_named(s), 0])];
	if (!wanted.length)
		return null;
	const pass = new Uint8Array(n.n).fill(1);
	for (const [named, want] of wanted) {
		const has = new Uint8Array(n.n);
		for (let i = 1; i < n.n; i++) {
			has[i] = has[n.parent[i]] || named[n.frame[i]] ? 1 : 0;
			pass[i] &= has[i] === want ? 1 : 0;
		}
		pass[0] &= want ? 0 : 1;
	}
	return pass;
}
/* "comm" or "comm\0pid\0tid" */
function thread_key(t) { return t.comm + "\0" + t.pid + "\0" + t.tid; }
function threads_wanted() {
	return P.threads.map(t => !state.thread || t.comm === state.thread || thread_key(t) === state.thread);
}
/* The share of a row's samples that were taken in the chosen time. */
function range_shares(p) {
	if (!state.range || !p.when)
		return null;
	const [from, to] = state.range, { first, bin, count } = p.when, share = new Float64Array(p.rows);
	for (let row = 0; row < p.rows; row++) {
		let all = 0, inside = 0;
		for (let i = first[row]; i < first[row + 1]; i++) {
			all += count[i];
			if (bin[i] >= from && bin[i] < to)
				inside += count[i];
		}
		share[row] = all ? inside / all : 0;
	}
	return share;
}
/* Rows of the metric's profile as weights: 0 where they do not count. */
function row_weights(timeless) {
	const p = profile(), pass = nodes_passing(), wanted = threads_wanted();
	const share = timeless ? null : range_shares(p), weight = new Float64Array(p.rows);
	for (let row = 0; row < p.rows; row++)
		if (wanted[p.thread[row]] && (!pass || pass[p.node[row]]))
			weight[row] = share ? share[row] : 1;
	return weight;
}
/* The columns that trees sum up: the metric and, to be told, samples; of a difference its four. */
function value_columns() {
	const p = profile();
	if (P.diff)
		return p.values.slice(0, 4).map(v => v.column);
	return p.samples >= 0 && p.samples !== metric().index ? [metric().column, p.values[p.samples].column]
		: [metric().column];
}

/* --- trees --- */

function tree_steps(builder, labels) {
	const hidden = labels.name.map(s => state.hide.includes(s)), joined = labels.group === "file" || labels.group === "module";
	return function (at, frame, root) {
		const l = labels.of[frame];
		if (hidden[l])
			return at;
		if (joined && builder.label[at] === l)
			return at;
		if (state.collapse)
			for (let k = at; k > root; k = builder.parent[k])
				if (builder.label[k] === l)
					return k;
		return builder.child(at, l);
	};
}

/* Rows by command or thread; of each, the label. */
function row_groups(labels, weight) {
	const p = profile(), groups = new Map();
	for (let row = 0; row < p.rows; row++) {
		if (!weight[row])
			continue;
		const l = labels.process[p.thread[row]];
		if (!groups.has(l))
			groups.set(l, []);
		groups.get(l).push(row);
	}
	return groups;
}

function build_down(labels, weight, columns) {
	const { node } = profile(), { parent, frame } = P.nodes, builder = tree_builder(columns.length, P.nodes.n);
	const step = tree_steps(builder, labels), seen = new Int32Array(P.nodes.n), place = new Int32Array(P.nodes.n);
	const path = [];
	let group = 0;
	for (const [label, rows] of row_groups(labels, weight)) {
		const root = builder.child(0, label);
		group++;
		for (const row of rows) {
			let at = node[row];
			for (; at && seen[at] !== group; at = parent[at])
				path.push(at);
			let id = at ? place[at] : root;
			while (path.length) {
				at = path.pop();
				id = step(id, frame[at], root);
				seen[at] = group;
				place[at] = id;
			}
			builder.add(id, columns, row, weight[row]);
		}
	}
	return builder.done();
}

function build_up(labels, weight, columns) {
	const { node, thread } = profile(), { parent, frame } = P.nodes, builder = tree_builder(columns.length, P.nodes.n);
	const step = tree_steps(builder, labels);
	for (let row = 0; row < node.length; row++) {
		if (!weight[row])
			continue;
		let id = 0;
		for (let at = node[row]; at; at = parent[at])
			id = step(id, frame[at], 0);
		builder.add(builder.child(id, labels.process[thread[row]]), columns, row, weight[row]);
	}
	return builder.done();
}

/* Callees above and callers below the outermost frame of that name on each stack. */
function build_pivot(labels, weight, columns, name) {
	const { node, thread } = profile(), { parent, frame, n } = P.nodes;
	const pivot = labels.name.map(s => s === name), outer = new Int32Array(n);
	const up = tree_builder(columns.length, P.nodes.n), down = tree_builder(columns.length, P.nodes.n);
	const step_up = tree_steps(up, labels), step_down = tree_steps(down, labels);
	const place = new Int32Array(n).fill(-1), path = [];
	for (let i = 1; i < n; i++)
		outer[i] = outer[parent[i]] || (pivot[labels.of[frame[i]]] ? i : 0);
	for (let row = 0; row < node.length; row++) {
		let at = node[row], id = 0;
		const from = outer[at];
		if (!weight[row] || !from)
			continue;
		for (; at !== from && place[at] < 0; at = parent[at])
			path.push(at);
		id = at === from ? 0 : place[at];
		while (path.length) {
			at = path.pop();
			place[at] = id = step_up(id, frame[at], 0);
		}
		up.add(id, columns, row, weight[row]);
		id = 0;
		for (at = parent[from]; at; at = parent[at])
			id = step_down(id, frame[at], 0);
		down.add(down.child(id, labels.process[thread[row]]), columns, row, weight[row]);
	}
	up.label[0] = down.label[0] = pivot.indexOf(true);
	return [up.done(), down.done()];
}

/* What is drawn: the tree and its labels. */
function build_view() {
	const labels = labels_of(state.group), weight = row_weights(), columns = value_columns();
	const sizes = P.diff ? diff_sizes : (t, total) => total[0].map(v => Math.max(v, 0));
	const lay = t => tree_layout(t, sizes, labels, state.heavy);
	let tree;
	if (state.pivot && labels.name.includes(state.pivot))
		tree = tree_join(...build_pivot(labels, weight, columns, state.pivot).map(lay));
	else
		tree = lay(state.invert ? build_up(labels, weight, columns) : build_down(labels, weight, columns));
	const whole = columns.map(c => c.reduce((sum, v, row) => sum + v * weight[row], 0));
	return { tree, labels, whole, pivot: tree.least < 0 };
}

/* --- the table --- */

/* Per node, whether its label is on the path to it already: then its time is counted. */
const repeats_known = {};
function repeats_of(labels) {
	if (repeats_known[labels.group])
		return repeats_known[labels.group];
	const { n, parent, frame } = P.nodes, repeated = new Uint8Array(n);
	const on = new Int32Array(labels.name.length), path = [];
	for (let i = 1; i < n; i++) {
		while (path.length && path[path.length - 1] !== parent[i])
			on[labels.of[frame[path.pop()]]]--;
		const l = labels.of[frame[i]];
		repeated[i] = on[l]++ ? 1 : 0;
		path.push(i);
	}
	return repeats_known[labels.group] = repeated;
}

/* rows: {label, name, self[], total[]} of each column; whole[]: their sums. */
function build_table() {
	const group = state.group === "function" ? "table" : state.group, labels = labels_of(group);
	const p = profile(), columns = value_columns(), weight = row_weights(), n = P.nodes.n;
	const rows = labels.name.map((name, label) => ({ label, name,
		self: columns.map(() => 0), total: columns.map(() => 0) }));
	const whole = columns.map(() => 0), repeated = repeats_of(labels);
	columns.forEach((column, c) => {
		const self = new Float64Array(n), { parent, frame } = P.nodes;
		for (let row = 0; row < p.rows; row++) {
			const v = column[row] * weight[row];
			whole[c] += v;
			self[p.node[row]] += v;
			if (group === "thread") {
				rows[labels.process[p.thread[row]]].self[c] += v;
				rows[labels.process[p.thread[row]]].total[c] += v;
			}
		}
		if (group === "thread")
			return;
		const total = self.slice();
		for (let i = n - 1; i > 0; i--) {
			total[parent[i]] += total[i];
			const r = rows[labels.of[frame[i]]];
			r.self[c] += self[i];
			if (!repeated[i])
				r.total[c] += total[i];
		}
	});
	if (group === "table" && !restricted())
		table_lost(p, labels, rows);
	return { labels, whole, columns: columns.length,
		rows: rows.filter(r => r.self.some(Boolean) || r.total.some(Boolean)) };
}
/* Frames that were left out of the tree count here. */
function table_lost(p, labels, rows) {
	const indices = P.diff ? [0, 1, 2, 3] : [metric().index, p.samples];
	for (const lost of p.lost) {
		const r = rows[labels.of[lost.frame]];
		for (let c = 0; c < r.self.length; c++) {
			r.self[c] += lost.of[indices[c]].self;
			r.total[c] += lost.of[indices[c]].total;
		}
	}
}

/* Sums by bin of time, whatever time is chosen; null where times are not kept. */
function build_times() {
	const p = profile(), column = P.diff ? p.values[1].column : metric().column;
	if (!p.when)
		return null;
	const weight = row_weights(true), { first, bin, count, bins } = p.when, sums = new Float64Array(bins);
	for (let row = 0; row < p.rows; row++) {
		let all = 0;
		for (let i = first[row]; i < first[row + 1]; i++)
			all += count[i];
		for (let i = first[row]; all && i < first[row + 1]; i++)
			sums[bin[i]] += column[row] * weight[row] * count[i] / all;
	}
	return sums;
}
