/* Trees of boxes: built by adding children to nodes, then laid out in depth-first order. */

/* Nodes with sums for each of @width columns; node 0 is the root. @expected: about how many. */
function tree_builder(width, expected) {
	let n = 1, room = 1024, mask, parent, label, slots, sums = Array(width).fill([]);
	function slot(p, l) {
		const h = Math.imul(p, 0x9e3779b1) ^ Math.imul(l + 1, 0x85ebca6b);
		let at = (h ^ h >>> 15) & mask;
		for (let id; (id = slots[at]); at = (at + 1) & mask)
			if (parent[id] === p && label[id] === l)
				break;
		return at;
	}
	function larger(type, old) {
		const a = new type(room);
		a.set(old);
		return a;
	}
	function grow() {
		parent = larger(Int32Array, parent || []);
		label = larger(Int32Array, label || []);
		sums = sums.map(s => larger(Float64Array, s));
		mask = 2 * room - 1;
		slots = new Int32Array(mask + 1);
		for (let i = 1; i < n; i++)
			slots[slot(parent[i], label[i])] = i;
	}
	while (room < expected)
		room *= 2;
	grow();
	label[0] = -1;
	return {
		get parent() { return parent; },
		get label() { return label; },
		child(p, l) {
			let at = slot(p, l);
			if (slots[at])
				return slots[at];
			if (n === room) {
				room *= 2;
				grow();
				at = slot(p, l);
			}
			parent[n] = p;
			label[n] = l;
			return slots[at] = n++;
		},
		add(id, columns, row, weight) {
			for (let c = 0; c < width; c++)
				sums[c][id] += columns[c][row] * weight;
		},
		done() {
			return { n, parent: parent.subarray(0, n), label: label.subarray(0, n),
				self: sums.map(s => s.subarray(0, n)) };
		}
	};
}

/* Sums of each node with all that stands on it; parents come first. */
function tree_totals(parent, self) {
	return self.map(s => {
		const t = s.slice();
		for (let i = t.length - 1; i > 0; i--)
			t[parent[i]] += t[i];
		return t;
	});
}

/* Children in the order of their labels' ranks, or the largest first. Lists: first child, next one. */
function tree_families(t, size, { rank, ranks }, heavy) {
	const head = new Int32Array(t.n), next = new Int32Array(t.n), order = new Int32Array(t.n - 1);
	if (heavy) {
		for (let i = 1; i < t.n; i++)
			order[i - 1] = i;
		order.sort((a, b) => size[a] - size[b] || rank[t.label[b]] - rank[t.label[a]]);
	} else {
		const from = new Int32Array(ranks + 1);
		for (let i = 1; i < t.n; i++)
			from[ranks - rank[t.label[i]]]++;
		for (let i = 1; i < from.length; i++)
			from[i] += from[i - 1];
		for (let i = t.n - 1; i > 0; i--)
			order[--from[ranks - rank[t.label[i]]]] = i;
	}
	for (const i of order) {
		if (size[i] <= 0)
			continue;
		next[i] = head[t.parent[i]];
		head[t.parent[i]] = i;
	}
	return { head, next };
}

/* A built tree in the order of drawing. size: widths, from start on; end: the last node above. */
function tree_layout(t, sizes, labels, heavy) {
	const totals = tree_totals(t.parent, t.self), sized = sizes(t, totals), { head, next } = tree_families(t, sized, labels, heavy);
	const label = new Int32Array(t.n), depth = new Int32Array(t.n), parent = new Int32Array(t.n), end = new Int32Array(t.n);
	const start = new Float64Array(t.n), size = new Float64Array(t.n), at = new Int32Array(t.n), from = new Int32Array(t.n);
	let n = 0, most = 0;
	for (let id = 0, x = 0, d = 0; ;) {
		const i = n++;
		at[id] = i;
		from[i] = id;
		label[i] = t.label[id];
		parent[i] = at[t.parent[id]];
		depth[i] = d;
		start[i] = x;
		size[i] = sized[id];
		most = Math.max(most, d);
		if (head[id]) {
			id = head[id];
			d++;
			continue;
		}
		while (id && !next[id]) {
			end[at[id]] = n - 1;
			id = t.parent[id];
			d--;
		}
		end[at[id]] = n - 1;
		if (!id)
			break;
		x = start[at[id]] + sized[id];
		id = next[id];
	}
	const moved = columns => columns.map(c => {
		const out = new Float64Array(n);
		for (let i = 0; i < n; i++)
			out[i] = c[from[i]];
		return out;
	});
	return { n, label, depth, parent, end, start, size, total: moved(totals), self: moved(t.self), least: 0, most };
}

/* One tree of two: @below, whose root is that of @above, grows the other way. */
function tree_join(above, below) {
	const n = above.n + below.n - 1, shift = above.n - 1;
	const join = (a, b, A, f) => {
		const c = new A(n);
		c.set(a.subarray(0, above.n));
		for (let i = 1; i < below.n; i++)
			c[i + shift] = f ? f(b[i]) : b[i];
		return c;
	};
	const moved = i => i ? i + shift : 0;
	return { n, least: -below.most, most: above.most,
		label: join(above.label, below.label, Int32Array),
		depth: join(above.depth, below.depth, Int32Array, d => -d),
		parent: join(above.parent, below.parent, Int32Array, moved),
		end: join(above.end, below.end, Int32Array, moved).fill(n - 1, 0, 1),
		start: join(above.start, below.start, Float64Array),
		size: join(above.size, below.size, Float64Array),
		total: above.total.map((c, k) => join(c, below.total[k], Float64Array)),
		self: above.self.map((c, k) => join(c, below.self[k], Float64Array)) };
}

/* The names from the root to each node in one number: finds a box again, in this page or another. */
function tree_hashes(tree, names) {
	const h = new Uint32Array(tree.n), of = names.map(hash_text);
	h[0] = 1;
	for (let i = 1; i < tree.n; i++)
		h[i] = Math.imul(h[tree.parent[i]] ^ of[tree.label[i]], 0x9e3779b1) + (tree.depth[i] < 0);
	return h;
}
