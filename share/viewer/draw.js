/* The flame graph: a canvas as large as what can be seen of it, over a box that scrolls. Only boxes of */
/* half a pixel and more are drawn; a run of narrower ones is one grey bar. */
const ROW = 18, FONT = 12, MIN_BOX = 0.5;

/* ui: what happens: hover(node, event), pick(node, event), menu(node, event), scrolled(). */
function flame_view(ui) {
	const canvas = el("canvas", { class: "flame", tabindex: 0, role: "application",
		"aria-roledescription": "flame graph", "aria-label": "Flame graph", "aria-describedby": "keys-short details" });
	const spacer = el("div", { class: "spacer" }), box = el("div", { class: "flamebox" }, canvas, spacer);
	let view = null, tree = null, hits = null, zoom = 0, current = 0, hover = -1, dark = false;
	let width = 0, height = 0, rows = [], column = 7.2, fits = new Map(), fills = [];
	/* The depths that have a box to be seen, and the most rows there were since the tree is shown. */
	let least = 0, most = 0, kept = 0;
	let from = { x: 0, w: 1 }, to = from, began = 0;
	const still = matchMedia("(prefers-reduced-motion: reduce)");

	function levels() { return most - least + 1; }
	/* The upper edge of a depth in what scrolls; a flame stands on the ground. */
	function row_y(depth) {
		return state.icicle ? (depth - least) * ROW : (most - depth) * ROW + Math.max(0, height - levels() * ROW);
	}
	function depth_at(y) {
		const k = Math.floor((state.icicle ? y : y - row_y(most)) / ROW);
		return state.icicle ? k + least : most - k;
	}
	/* The part of the width that is seen, of the side that the zoomed box is on. */
	function target() {
		return { x: tree.start[zoom], w: tree.size[zoom] || 1 };
	}
	function now_seen(time) {
		const t = still.matches ? 1 : Math.min(1, (time - began) / 160), e = 1 - (1 - t) ** 3;
		const seen = { x: from.x + (to.x - from.x) * e, w: from.w * (to.w / from.w) ** e };
		if (t < 1)
			wish();
		return seen;
	}
	function same_side(i) {
		return tree.depth[zoom] < 0 ? tree.depth[i] < 0 : tree.depth[i] >= 0;
	}

	/* --- painting --- */

	let wished = false;
	function wish() {
		if (wished)
			return;
		wished = true;
		requestAnimationFrame(time => {
			wished = false;
			paint(time);
		});
	}
	/* Calls @visit for the boxes that are wide enough, and @thin for those that are not. */
	function each_seen(seen, visit, thin, narrow = MIN_BOX) {
		const all = { x: 0, w: tree.size[0] || 1 };
		for (let i = 0; i < tree.n;) {
			const part = same_side(i) ? seen : all, scale = width / part.w;
			const x = (tree.start[i] - part.x) * scale, w = tree.size[i] * scale;
			if (x >= width || x + w <= 0 || w < narrow) {
				if (thin && w > 0 && w < narrow && x >= 0 && x < width)
					thin(i, x, w);
				i = tree.end[i] + 1;
				continue;
			}
			visit(i, x, w);
			i++;
		}
	}
	function measure() {
		least = most = 0;
		each_seen(to, i => {
			least = Math.min(least, tree.depth[i]);
			most = Math.max(most, tree.depth[i]);
		});
		kept = Math.max(kept, levels());
	}
	let stale = true;
	function resize() {
		stale = false;
		const w = box.clientWidth, h = Math.min(kept * ROW, room()), full = Math.max(levels() * ROW, h);
		spacer.style.height = full - h + "px";
		box.style.height = h + "px";
		if (w === width && h === height && canvas.width === Math.round(w * (self.devicePixelRatio || 1)))
			return;
		const scale = self.devicePixelRatio || 1;
		width = w;
		height = h;
		canvas.width = Math.round(w * scale);
		canvas.height = Math.round(h * scale);
		canvas.style.width = w + "px";
		canvas.style.height = h + "px";
	}
	/* What the window leaves for it. */
	function room() {
		const top = box.getBoundingClientRect().top + self.scrollY;
		return Math.max(12 * ROW, Math.floor((self.innerHeight - Math.min(top, self.innerHeight / 2) - 110) / ROW) * ROW);
	}
	function fill_of(l) {
		return fills[l] = fills[l] || (P.diff ? null : shade_of(view.labels.name[l], view.labels.kind[l], dark));
	}
	function text_of(l, chars) {
		const key = l * 512 + Math.min(chars, 511);
		let s = fits.get(key);
		if (s === undefined) {
			const mark = chars < 8 ? "" : MARKS[view.labels.kind[l]], name = label_text(view.labels, l);
			s = fit_name(name, chars - (mark ? 4 : 0));
			s = s && mark ? s + " [" + mark + "]" : s;
			fits.set(key, s);
		}
		return s;
	}
	/* Kinds differ in shape, too: inlined ones lack a corner, the kernel's have a bar, JIT code dots: */
	/* at the top, since underscores end at the bottom. */
	function shape(c, kind, x, y, w, ink) {
		if (kind === INLINED && w >= 5) {
			c.beginPath();
			c.moveTo(x, y + ROW - 1);
			c.lineTo(x, y + 5);
			c.lineTo(x + 4, y);
			c.lineTo(x + w, y);
			c.lineTo(x + w, y + ROW - 1);
			c.fill();
			return;
		}
		c.fillRect(x, y, w, ROW - 1);
		if ((kind !== KERNEL && kind !== JIT) || w < 3)
			return;
		c.fillStyle = ink;
		c.globalAlpha *= 0.5;
		for (let k = x; k < x + w; k += kind === JIT ? 5 : w)
			c.fillRect(k, y, kind === JIT ? 2 : w, 2);
		c.globalAlpha = 1;
	}
	/* Small plain boxes wait until all of one colour can be drawn: a change of colour costs more than one. */
	function draw_box(c, i, x, w, y, look, waiting) {
		const l = tree.label[i], kind = l < 0 ? NOTE : view.labels.kind[l], left = Math.max(x, 0);
		const shown = Math.min(x + w, width) - left, wide = shown > 1.5 ? shown - 1 : shown;
		const hit = hits && l >= 0 && hits[l], chars = Math.floor((wide - 6) / column);
		const fill = hit ? look.hit : P.diff ? diff_fill(tree, i, dark) : l < 0 ? look.root : fill_of(l);
		if (chars < 3 && !hit && (wide < 3 || kind === USER || kind === NOTE)) {
			if (!waiting.has(fill))
				waiting.set(fill, []);
			waiting.get(fill).push(left, y, wide);
			return;
		}
		c.globalAlpha = i < zoom && i && tree.end[i] >= zoom && same_side(i) ? 0.55 : 1;
		c.fillStyle = fill;
		shape(c, kind, left, y, wide, look.ink);
		if (hit) {
			c.fillStyle = look.hit_line;
			c.fillRect(left, y + ROW - 4, wide, 3);
		}
		c.globalAlpha = 1;
		if (chars < 3)
			return;
		c.fillStyle = hit ? look.hit_ink : look.ink;
		const text = l < 0 ? "all" : text_of(l, P.diff ? chars - 2 : chars);
		if (text)
			c.fillText(P.diff ? diff_sign(tree, i) + text : text, left + 3, y + ROW - 5.5);
	}
	function looks() {
		return { ink: dark ? "#f2f2f2" : "#111", hit: dark ? "#1d5f9e" : "#8fd0ff", hit_ink: dark ? "#fff" : "#001b33",
			hit_line: dark ? "#9fd4ff" : "#0b4f8a", root: dark ? "#3a3d42" : "#d7d9dd",
			rest: dark ? "#2b2d31" : "#e3e4e8" };
	}
	function seen_of(i, seen) {
		return same_side(i) ? seen : { x: 0, w: tree.size[0] || 1 };
	}
	/* While it moves, fewer boxes will do. */
	function paint_into(c, seen, top, high, looks_now, moving) {
		const rest = [], waiting = new Map();
		rows = [];
		c.font = FONT + "px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
		column = c.measureText("MMMMMMMMMM").width / 10;
		function flush(d) {
			const r = rest[d - tree.least], y = row_y(d) - top;
			if (r && r.end - r.x >= MIN_BOX && y > -ROW && y < high) {
				c.fillStyle = looks_now.rest;
				c.fillRect(r.x, y + 3, Math.max(r.end - r.x, 1), ROW - 7);
			}
			rest[d - tree.least] = null;
		}
		each_seen(seen, (i, x, w) => {
			const d = tree.depth[i], y = row_y(d) - top;
			(rows[d - tree.least] = rows[d - tree.least] || []).push(i);
			if (y > -ROW && y < high)
				draw_box(c, i, x, w, y, looks_now, waiting);
		}, (i, x, w) => {
			const d = tree.depth[i], r = rest[d - tree.least];
			if (r && x - r.end <= 0.5) {
				r.end = x + w;
				return;
			}
			flush(d);
			rest[d - tree.least] = { x, end: x + w };
		}, moving ? 2 : MIN_BOX);
		for (let d = tree.least; d <= tree.most; d++)
			flush(d);
		for (const [fill, list] of waiting) {
			c.fillStyle = fill;
			for (let k = 0; k < list.length; k += 3)
				c.fillRect(list[k], list[k + 1], list[k + 2], ROW - 1);
		}
	}
	function paint(time) {
		if (!tree || !box.isConnected)
			return;
		if (stale) {
			measure();
			resize();
		}
		const c = canvas.getContext("2d", { alpha: false }), scale = canvas.width / width || 1, seen = now_seen(time);
		c.setTransform(scale, 0, 0, scale, 0, 0);
		c.fillStyle = dark ? "#17181a" : "#fff";
		c.fillRect(0, 0, width, height);
		paint_into(c, seen, box.scrollTop, height, looks(), wished);
		if (view.pivot)
			outline(c, 0, 2, seen);
		outline(c, hover, 1, seen);
		if (document.activeElement === canvas)
			outline(c, current, 2, seen);
		ui.painted();
	}
	function outline(c, i, line, seen) {
		if (i < 0 || i >= tree.n)
			return;
		const part = seen_of(i, seen), scale = width / part.w;
		const x = Math.max((tree.start[i] - part.x) * scale, 0);
		const w = Math.min((tree.start[i] + tree.size[i] - part.x) * scale, width) - x;
		c.lineWidth = line;
		c.strokeStyle = dark ? "#fff" : "#000";
		c.strokeRect(x + line / 2, row_y(tree.depth[i]) - box.scrollTop + line / 2,
			Math.max(w - line - 1, 1), ROW - 1 - line);
	}

	/* --- where things are --- */

	function node_at(event) {
		const r = canvas.getBoundingClientRect(), depth = depth_at(event.clientY - r.top + box.scrollTop);
		const list = rows[depth - tree.least] || [], x = event.clientX - r.left;
		let a = 0, b = list.length - 1;
		while (a <= b) {
			const m = (a + b) >> 1, i = list[m], part = seen_of(i, to), scale = width / part.w;
			const left = (tree.start[i] - part.x) * scale, right = left + tree.size[i] * scale;
			if (x < left)
				b = m - 1;
			else if (x >= right)
				a = m + 1;
			else
				return i;
		}
		return -1;
	}
	function reveal(i) {
		const y = row_y(tree.depth[i]), margin = 3 * ROW;
		if (y < box.scrollTop + ROW)
			box.scrollTop = y - margin;
		else if (y + ROW > box.scrollTop + height - ROW)
			box.scrollTop = y + ROW + margin - height;
	}
	function neighbour(i, way) {
		const d = tree.depth[i], list = rows[d - tree.least] || [];
		if (way === "left" || way === "right")
			return list[list.indexOf(i) + (way === "left" ? -1 : 1)];
		const to_depth = d + ((way === "up") === !state.icicle ? 1 : -1);
		if (i && Math.abs(to_depth) < Math.abs(d))
			return tree.parent[i];
		let best;
		for (const k of rows[to_depth - tree.least] || [])
			if (tree.parent[k] === i && (best === undefined || tree.size[k] > tree.size[best]))
				best = k;
		return best;
	}
	/* A box on the screen, for a menu beside it. */
	function rectangle(i) {
		const r = canvas.getBoundingClientRect(), part = seen_of(i, to), scale = width / part.w;
		const x = Math.max(0, (tree.start[i] - part.x) * scale);
		return { left: r.left + Math.min(x, width - 40), top: r.top + row_y(tree.depth[i]) - box.scrollTop + ROW };
	}

	box.addEventListener("scroll", wish);
	canvas.addEventListener("focus", wish);
	canvas.addEventListener("blur", wish);
	canvas.addEventListener("pointermove", e => {
		const i = node_at(e);
		if (i !== hover) {
			hover = i;
			wish();
		}
		ui.hover(e.pointerType === "touch" ? -1 : i, e);
	});
	canvas.addEventListener("pointerleave", e => {
		hover = -1;
		ui.hover(-1, e);
		wish();
	});
	canvas.addEventListener("click", e => {
		const i = node_at(e);
		if (i >= 0)
			ui.pick(i, e);
	});
	canvas.addEventListener("contextmenu", e => {
		const i = node_at(e);
		if (i < 0)
			return;
		e.preventDefault();
		ui.menu(i, { left: e.clientX, top: e.clientY });
	});
	const resized = () => { stale = true; wish(); };
	new ResizeObserver(resized).observe(box);
	self.addEventListener("resize", resized);

	return {
		box, canvas, wish, reveal, neighbour, rectangle,
		get current() { return current; },
		get zoomed() { return zoom; },
		get drawn() { return rows; },
		/* A new tree; @at: its zoomed box. */
		show(v, at) {
			view = v;
			tree = v.tree;
			fits = new Map();
			fills = [];
			zoom = at;
			current = at;
			hover = -1;
			to = from = target();
			width = box.clientWidth;
			kept = 0;
			measure();
			resize();
			box.scrollTop = state.icicle ? 0 : levels() * ROW;
			if (at || v.pivot)
				reveal(at);
			wish();
		},
		turn() {
			box.scrollTop = state.icicle ? 0 : levels() * ROW;
			reveal(current);
			wish();
		},
		zoom_to(i) {
			from = now_seen(performance.now());
			if (tree.depth[i] < 0 !== tree.depth[zoom] < 0)
				from = { x: 0, w: tree.size[0] || 1 };
			zoom = current = i;
			to = target();
			began = performance.now();
			measure();
			resize();
			reveal(i);
			wish();
		},
		select(i) {
			current = i;
			reveal(i);
			wish();
		},
		highlight(h) {
			hits = h;
			wish();
		},
		theme(d) {
			dark = d;
			fills = [];
			wish();
		},
		/* The whole height on a canvas of its own. */
		picture() {
			const c = el("canvas", { width: width * 2, height: Math.min(levels() * ROW * 2, 16000) });
			const context = c.getContext("2d"), saved = rows;
			context.scale(2, 2);
			context.fillStyle = dark ? "#17181a" : "#fff";
			context.fillRect(0, 0, width, levels() * ROW);
			paint_into(context, to, state.icicle ? 0 : row_y(least) + ROW - c.height / 2, c.height / 2, looks());
			rows = saved;
			return c;
		},
		/* For pictures, and for tests: what can be seen, and where. */
		seen() { return { view, each: visit => each_seen(to, visit), least, most }; },
		place(i) {
			const r = canvas.getBoundingClientRect(), at = rectangle(i), part = seen_of(i, to);
			return { x: at.left, y: r.top + row_y(tree.depth[i]) - box.scrollTop, width: tree.size[i] / part.w * width };
		}
	};
}
