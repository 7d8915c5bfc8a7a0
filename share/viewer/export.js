/* What can be saved: pictures of what is seen, and the profile as far as it is not filtered away. */
function xml(s) {
	return s.replace(/[&<>"']/g, c => "&#" + c.charCodeAt(0) + ";").replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
}
function export_svg(flame, title) {
	const { view, each, least, most } = flame.seen(), { tree, labels } = view, scale = 1200 / flame.box.clientWidth, out = [];
	const height = (most - least + 1) * ROW + 40;
	each((i, x, w) => {
		const left = Math.max(x, 0) * scale, wide = Math.min(x + w, flame.box.clientWidth) * scale - left, l = tree.label[i];
		const kind = l < 0 ? NOTE : labels.kind[l], name = l < 0 ? "all" : label_text(labels, l);
		const y = 30 + (state.icicle ? tree.depth[i] - least : most - tree.depth[i]) * ROW;
		const chars = Math.floor((wide - 6) / 7.3), mark = chars < 8 ? "" : MARKS[kind];
		const text = (P.diff ? diff_sign(tree, i) : "") + fit_name(name, chars - (mark ? 4 : 0));
		const fill = P.diff ? diff_fill(tree, i, false) : shade_of(name, kind, false);
		out.push(`<g><title>${xml(box_text(view, i).join("\n"))}</title><rect x="${left.toFixed(2)}" y="${y}" ` +
			`width="${Math.max(wide - 0.5, 0.1).toFixed(2)}" height="${ROW - 1}" fill="${fill}"/>` +
			(chars > 2 ? `<text x="${(left + 3).toFixed(1)}" y="${y + 13}">${xml(text + (mark && ` [${mark}]`))}</text>` : "") + "</g>");
	});
	return `<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 ${height}" ` +
		`width="1200" height="${height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">\n` +
		`<rect width="100%" height="100%" fill="#fff"/><text x="6" y="20" font-size="14">${xml(title)}</text>\n` +
		out.join("\n") + "\n</svg>\n";
}

/* "comm;root;...;leaf N", sorted, as profd convert writes it. */
function export_folded() {
	const p = profile(), column = P.diff ? p.values[AFTER].column : metric().column, weight = row_weights();
	const { parent, frame } = P.nodes, sums = new Map(), clean = P.frames.name.map(s => s.replace(/;/g, ":"));
	const line = new Array(P.nodes.n);
	line[0] = "";
	for (let i = 1; i < P.nodes.n; i++)
		line[i] = line[parent[i]] + ";" + clean[frame[i]];
	for (let row = 0; row < p.rows; row++) {
		const v = column[row] * weight[row];
		if (!v)
			continue;
		const s = P.threads[p.thread[row]].comm.replace(/;/g, ":") + line[p.node[row]];
		sums.set(s, (sums.get(s) || 0) + v);
	}
	const lines = [...sums].filter(([, v]) => Math.round(v) > 0).map(([s, v]) => s + " " + Math.round(v));
	return lines.sort().join("\n") + (lines.length ? "\n" : "");
}

/* protobuf: only what profile.proto of pprof needs. */
function proto_message() {
	let bytes = new Uint8Array(256), n = 0;
	const utf8 = new TextEncoder();
	function room(more) {
		if (n + more <= bytes.length)
			return;
		const b = new Uint8Array(2 * (n + more));
		b.set(bytes);
		bytes = b;
	}
	const m = {
		varint(v) {
			room(10);
			let b = BigInt.asUintN(64, BigInt(v));
			if (b < 0x80n) {
				bytes[n++] = Number(b);
				return m;
			}
			for (; b > 127n; b >>= 7n)
				bytes[n++] = Number(b & 127n) | 128;
			bytes[n++] = Number(b);
			return m;
		},
		uint(field, v) { return v ? m.varint(field << 3).varint(v) : m; },
		bytes(field, b) {
			m.varint(field << 3 | 2).varint(b.length);
			room(b.length);
			bytes.set(b, n);
			n += b.length;
			return m;
		},
		text(field, s) { return m.bytes(field, utf8.encode(s)); },
		packed(field, list) {
			const inner = proto_message();
			list.forEach(v => inner.varint(v));
			return m.bytes(field, inner.done());
		},
		done() { return bytes.subarray(0, n); }
	};
	return m;
}
function export_pprof() {
	const p = profile(), weight = row_weights(), f = P.frames, { parent, frame } = P.nodes, out = proto_message();
	const strings = new Map([["", 0]]), modules = new Map(), used = new Uint8Array(f.n);
	const id = s => {
		if (!strings.has(s))
			strings.set(s, strings.size);
		return strings.get(s);
	};
	for (const v of p.values)
		out.bytes(1, proto_message().uint(1, id(v.type)).uint(2, id(v.unit)).done());
	for (let row = 0; row < p.rows; row++) {
		if (!weight[row])
			continue;
		const stack = [], t = P.threads[p.thread[row]], m = proto_message();
		for (let at = p.node[row]; at; at = parent[at]) {
			used[frame[at]] = 1;
			stack.push(frame[at] + 1);
		}
		m.packed(1, stack).packed(2, p.values.map(v => Math.round(v.column[row] * weight[row])));
		for (const [key, s] of [["comm", t.comm], ["thread", t.name]])
			if (s)
				m.bytes(3, proto_message().uint(1, id(key)).uint(2, id(s)).done());
		for (const [key, v] of [["pid", t.pid], ["tid", t.tid]])
			if (v)
				m.bytes(3, proto_message().uint(1, id(key)).uint(3, v).uint(4, id("id")).done());
		out.bytes(2, m.done());
	}
	for (let i = 0; i < f.n; i++)
		if (used[i] && !modules.has(f.module[i]))
			modules.set(f.module[i], modules.size + 1);
	for (const [path, n] of modules)
		out.bytes(3, proto_message().uint(1, n).uint(5, id(path)).uint(7, 1).uint(8, 1).uint(9, 1).uint(10, 1).done());
	/* Parca wants ids 1, 2, 3... of all locations, so unused ones are there, too. */
	for (let i = 0; i < f.n; i++) {
		const line = proto_message().uint(1, i + 1).uint(2, f.line[i]).done();
		out.bytes(4, proto_message().uint(1, i + 1).uint(2, modules.get(f.module[i]) || 0).bytes(4, line).done());
		out.bytes(5, proto_message().uint(1, i + 1).uint(2, id(f.name[i])).uint(4, id(f.file[i])).uint(5, f.line[i]).done());
	}
	out.bytes(11, proto_message().uint(1, id(p.period_type)).uint(2, id(p.period_unit)).done());
	out.uint(10, p.duration_ns).uint(12, p.period).uint(14, id(metric().type));
	for (const s of strings.keys())
		out.text(6, s);
	return new Response(new Blob([out.done()]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}

function save(name, blob) {
	const url = URL.createObjectURL(blob), a = el("a", { href: url, download: name });
	document.body.append(a);
	a.click();
	a.remove();
	setTimeout(() => URL.revokeObjectURL(url), 60000);
}
