/* The profile that the page carries. src/format/page-data.c writes it, man/profd-internals.7 has the */
/* form: a line of JSON, a zero byte, then columns of numbers (LEB128) and of strings. */
const KINDS = ["", "kernel", "inlined", "JIT", "note", "process"];
const MARKS = ["", "k", "i", "j", "", ""];
const USER = 0, KERNEL = 1, INLINED = 2, JIT = 3, NOTE = 4, PROCESS = 5;
const LEFT_OUT = "[frames left out]";

function data_reader(buffer) {
	const bytes = new Uint8Array(buffer), text = new TextDecoder();
	const json_end = bytes.indexOf(0);
	const head = JSON.parse(text.decode(bytes.subarray(0, json_end)));
	const columns = {};
	let at = json_end + 1;
	for (const [name, length] of Object.entries(head.columns)) {
		columns[name] = { at, end: at + length };
		at += length;
	}
	return {
		head,
		strings(name) {
			const c = columns[name];
			return text.decode(bytes.subarray(c.at, c.end)).split("\n");
		},
		open(name) { at = columns[name].at; },
		close(name) { columns[name].at = at; },
		byte() { return bytes[at++]; },
		number() {
			let b = bytes[at++], v = b & 127, scale = 128;
			while (b > 127) {
				b = bytes[at++];
				v += (b & 127) * scale;
				scale *= 128;
			}
			return v;
		},
		signed() {
			const v = this.number();
			return v % 2 ? -(v + 1) / 2 : v / 2;
		}
	};
}

/* A list of references to strings: 0 is the next one that was not there before. */
function read_names(r, n, strings) {
	const names = new Array(n + 1);
	let fresh = 0;
	names[0] = "";
	for (let i = 1; i <= n; i++) {
		const k = r.number();
		names[i] = strings[k ? k - 1 : fresh++];
	}
	return names;
}

function read_frames(r) {
	const n = r.head.frames - 1, kind = new Uint8Array(n + 1), line = new Uint32Array(n + 1);
	const names = r.strings("names"), files = r.strings("files"), modules = r.strings("modules");
	r.open("frames");
	kind[0] = NOTE;
	for (let i = 1; i <= n; i++)
		kind[i] = r.byte();
	const name = read_names(r, n, names), file = read_names(r, n, files);
	for (let i = 1; i <= n; i++)
		line[i] = r.number();
	name[0] = LEFT_OUT;
	return { n: n + 1, kind, name, file, line, module: read_names(r, n, modules) };
}

/* In depth-first order: a node's parent is in front of it, and what stands on it up to end[node]. */
function read_nodes(r, nframes) {
	const n = r.head.nodes, parent = new Int32Array(n), frame = new Int32Array(n);
	const end = new Int32Array(n), called = new Int32Array(nframes);
	const pops = new Int32Array(r.head.strips), length = new Int32Array(r.head.strips);
	r.open("strips");
	for (let i = 0; i < pops.length; i++)
		pops[i] = r.number();
	for (let i = 0; i < pops.length; i++)
		length[i] = r.number();
	r.open("nodes");
	for (let i = 0, at = 0, node = 1; i < pops.length; i++) {
		for (let k = pops[i]; k > 0; k--)
			at = parent[at];
		for (let k = length[i]; k > 0; k--, at = node++) {
			const code = r.number(), up = frame[at];
			parent[node] = at;
			frame[node] = called[up] = code ? code - 1 : called[up];
		}
	}
	for (let i = n - 1; i > 0; i--) {
		end[i] = Math.max(end[i], i);
		end[parent[i]] = Math.max(end[parent[i]], end[i]);
	}
	frame[0] = -1;
	return { n, parent, frame, end };
}

function read_threads(r) {
	const names = r.strings("labels"), threads = [];
	let fresh = 0, pid = 0;
	r.open("threads");
	function label() {
		const k = r.number();
		return names[k ? k - 1 : fresh++];
	}
	for (let i = 0; i < r.head.threads; i++) {
		const comm = label() || "[unknown]", name = label();
		pid += r.signed();
		threads.push({ comm, name, pid, tid: pid + r.signed() });
	}
	return threads;
}

function read_rows(r, p) {
	p.node = new Int32Array(p.rows);
	p.thread = new Int32Array(p.rows);
	r.open("rows");
	for (let i = 0, node = 0; i < p.rows; i++)
		p.node[i] = node += r.number();
	for (let i = 0; i < p.rows; i++)
		p.thread[i] = r.number();
	r.close("rows");
	r.open("values");
	for (const v of p.values) {
		const first = p.values[0].column;
		v.column = new Float64Array(p.rows);
		for (let i = 0; i < p.rows; i++)
			v.column[i] = r.signed() + (v.factor ? first[i] * v.factor : 0);
		v.total = v.column.reduce((a, b) => a + b, 0);
	}
	r.close("values");
}

/* bins[first[row] .. first[row + 1]) and how many samples were taken in each. */
function read_times(r, p) {
	if (!p.bin_ns || !p.times)
		return;
	const first = new Int32Array(p.rows + 1), bin = new Uint16Array(p.times);
	const count = new Float64Array(p.times);
	let at = 0, last = 0;
	r.open("times");
	for (let row = 0; row < p.rows; row++) {
		for (let n = r.number(), b = 0; n > 0; n--) {
			bin[at++] = b += r.number();
			last = Math.max(last, b);
		}
		first[row + 1] = at;
	}
	for (let i = 0; i < at; i++)
		count[i] = r.number() + 1;
	r.close("times");
	p.when = { first, bin, count, bins: last + 1 };
}

/* What the left out frames of a function had: by frame, for each value its own and its total. */
function read_lost(r, p) {
	const n = p.lost;
	p.lost = [];
	r.open("lost");
	for (let i = 0; i < n; i++) {
		const frame = r.number();
		p.lost.push({ frame, of: p.values.map(() => ({ self: r.signed(), total: r.signed() })) });
	}
	r.close("lost");
}

function read_profile(buffer) {
	const r = data_reader(buffer), frames = read_frames(r);
	const all = { diff: r.head.diff, left_out: r.head.left_out, frames, profiles: r.head.profiles };
	all.threads = read_threads(r);
	all.nodes = read_nodes(r, frames.n);
	all.metrics = [];
	all.profiles.forEach((p, q) => {
		read_rows(r, p);
		read_times(r, p);
		read_lost(r, p);
		p.values.forEach((v, i) => {
			const m = { profile: p, index: i, type: v.type, unit: v.unit, total: v.total, column: v.column };
			m.key = q ? "wall." + v.type : v.type;
			all.metrics.push(m);
		});
		p.samples = p.values.findIndex(v => v.unit === "count" && /sample/.test(v.type));
	});
	all.metric = all.diff ? 0 : all.profiles[0].default;
	return all;
}
