/* Trees of boxes: built by adding children to nodes, then laid out in depth-first order. */

/* Nodes with sums for each of @width columns; node 0 is the root. */
function tree_builder(width) {
	let room = 1024, mask = 4095, n = 1;
	let parent = new Int32Array(room), label = new Int32Array(room), slots = new Int32Array(mask + 1);
	const sums = [];
	for (let c = 0; c < width; c++)
		sums.push(new Float64Array(room));
	function slot_of(p, l) {
		let h = Math.imul(p, 0x9e3779b1) ^ Math.imul(l + 1, 0x85ebca6b);
		h ^= h >>> 15;
		return h & mask;
	}
	function grow() {
		room *= 2;
		const more = (a, A) => { const b = new A(room); b.set(a); return b; };
		parent = more(parent, Int32Array);
		label = more(label, Int32Array);
		for (let c = 0; c < width; c++)
			sums[c] = more(sums[c], Float64Array);
		mask = 4 * room - 1;
		slots = new Int32Array(mask + 1);
		for (let i = 1; i < n; i++) {
			let at = slot_of(parent[i], label[i]);
			while (slots[at])
				at = (at + 1) & mask;
			slots[at] = i;
		}
	}
	label[0] = -1;
	return {
		child(p, l) {
			let at = slot_of(p, l);
			for (let id; (id = slots[at]); at = (at + 1) & mask)
				if (parent[id] === p && label[id] === l)
					return id;
			if (n === room) {
				grow();
				return this.child(p, l);
			}
			parent[n] = p;
			label[n] = l;
			slots[at] = n;
			return n++;
		},
		add(id, column, v) { sums[column][id] += v; },
		get parent() { return parent; },
		get label() { return label; },
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
function tree_families(t, size, rank, heavy) {
	const head = new Int32Array(t.n), next = new Int32Array(t.n), order = new Int32Array(t.n - 1);
	if (heavy) {
		for (let i = 1; i < t.n; i++)
			order[i - 1] = i;
		order.sort((a, b) => size[a] - size[b] || rank[t.label[b]] - rank[t.label[a]]);
	} else {
		const from = new Int32Array(rank.length + 1);
		for (let i = 1; i < t.n; i++)
			from[rank.length - rank[t.label[i]]]++;
		for (let i = 1; i < from.length; i++)
			from[i] += from[i - 1];
		for (let i = t.n - 1; i > 0; i--)
			order[--from[rank.length - rank[t.label[i]]]] = i;
	}
	for (const i of order) {
		next[i] = head[t.parent[i]];
		head[t.parent[i]] = i;
	}
	return { head, next };
}

/* A built tree in the order of drawing. size: widths, from start on; end: the last node above. */
function tree_layout(t, sizes, rank, heavy) {
	const total = tree_totals(t.parent, t.self), size = sizes(t, total);
	const { head, next } = tree_families(t, size, rank, heavy);
	const out = { n: 0, label: new Int32Array(t.n), depth: new Int32Array(t.n),
		parent: new Int32Array(t.n), end: new Int32Array(t.n), start: new Float64Array(t.n),
		size: new Float64Array(t.n), total: total.map(c => new Float64Array(c.length)),
		self: t.self.map(c => new Float64Array(c.length)), least: 0, most: 0 };
	const at = [0], place = [0], up = [0];
	while (at.length) {
		const id = at.pop(), x = place.pop(), above = up.pop(), i = out.n++;
		out.label[i] = t.label[id];
		out.parent[i] = above;
		out.depth[i] = i ? out.depth[above] + 1 : 0;
		out.most = Math.max(out.most, out.depth[i]);
		out.start[i] = x;
		out.size[i] = size[id];
		for (let c = 0; c < total.length; c++) {
			out.total[c][i] = total[c][id];
			out.self[c][i] = t.self[c][id];
		}
		let child = x;
		const from = at.length;
		for (let k = head[id]; k; k = next[k]) {
			if (size[k] <= 0)
				continue;
			at.push(k);
			place.push(child);
			up.push(i);
			child += size[k];
		}
		/* The first one is taken first. */
		for (let a = from, b = at.length - 1; a < b; a++, b--) {
			[at[a], at[b]] = [at[b], at[a]];
			[place[a], place[b]] = [place[b], place[a]];
		}
	}
	for (let i = out.n - 1; i >= 0; i--) {
		out.end[i] = Math.max(out.end[i], i);
		if (i)
			out.end[out.parent[i]] = Math.max(out.end[out.parent[i]], out.end[i]);
	}
	return out;
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
