/* Zoom and search for one flame graph. It lives in its SVG and touches nothing outside of it but the */
/* page's fragment (#z=BOX&s=SEARCH; z1, s1 … for further graphs of a page) and two keys: '/' and, */
/* where the SVG is the whole document, Ctrl-F. */
/* */
/* data: pad, row, base, height   the layout, as in src/format/svg.c */
/*       unit, note               of the values; what is not among the boxes */
/*       tick                     values are multiples of it, or stand behind a 0 */
/*       boxes, frames, strings   as src/format/script.c writes them, in digits of its alphabet */
/* */
/* The build strips comments that have a line of their own, and indentation. Pictures of a difference have a */
/* script of their own, which is this one with pieces of flame-diff.js. */
function flame(svg, data) {
	"use strict";
	var SVG = "http://www.w3.org/2000/svg";
	var XHTML = "http://www.w3.org/1999/xhtml";
	var COLUMN = 6.65;
	var MIN_BOX = 0.3;
	var MATCH = "#6cf";
	var MARKS = ["", "k", "i", "j", ""];
	var KINDS = ["", "kernel", "inlined", "JIT", "note"];
	var INLINED = 2;
	var PALETTE = [
		"fd8 fc7 fb6 ec8 fd9 eb7 fc9 fca",
		"f96 f85 e85 f97 e74 e96 f86 fa8",
		"fec feb fed ffd fdc eec fee edc",
		"9d8 8c7 ae9 7c8 9da bd8 8d9 ac7",
		"ccc ddd ccd ddc cdc dcd cdd dcc"
	].map(function (row) { return row.split(" "); });
	/* in a difference: colours */
	/* in both */

	function part(name) { return svg.querySelector("." + name); }
	function make(name, attributes, parent) {
		var e = document.createElementNS(SVG, name);
		for (var key in attributes)
			e.setAttribute(key, attributes[key]);
		if (parent)
			parent.appendChild(e);
		return e;
	}

	/* --- what is in the data --- */

	var value = {}, code = "", at = 0;
	for (var c = 35, digits_known = 0; c < 127; c++)
		if ("&<>\\".indexOf(String.fromCharCode(c)) < 0)
			value[c] = digits_known++;
	function open_code(s) {
		code = s;
		at = 0;
	}
	function digit() { return value[code.charCodeAt(at++)]; }
	function number() {
		var v = 0, scale = 1, d;
		do {
			d = digit();
			v += d % 44 * scale;
			scale *= 44;
		} while (d > 43);
		return v;
	}
	function amount() { return number() * data.tick || number(); }

	var strings = [""];
	open_code(data.strings);
	while (at < code.length) {
		var before = strings[strings.length - 1], head = before.slice(0, number());
		var tail = number(), tab = code.indexOf("\t", at);
		strings.push(head + code.slice(at, tab) + before.slice(before.length - tail));
		at = tab + 1;
	}
	var frames = [];
	open_code(data.frames);
	while (at < code.length) {
		var d = digit(), f = { kind: d % 5, name: strings[number()], place: "", module: "" };
		if (d % 10 > 4)
			f.place = strings[number()];
		f.module = d > 9 ? strings[number()] : frames.length ? frames[frames.length - 1].module : "";
		frames.push(f);
	}

	/* Boxes come in tree order, a box before those that stand on it. */
	var count = 0, depth = [], frame = [], last = [], total = [], self = [], start = [];
	(function () {
		var open = [], next = [], rest = [], expected = [], fresh = 0;
		function close(d) {
			while (open.length > d)
				last[open.pop()] = count - 1;
		}
		open_code(data.boxes);
		while (at < code.length) {
			var how = digit(), pops = how % 4, as = (how >> 2) % 3;
			var owned = (how / 12 | 0) % 3, whole = how > 35;
			var d = open.length - (pops < 3 ? pops : 3 + number()), on;
			close(d);
			on = d ? frame[open[d - 1]] : 0;
			depth[count] = d;
			frame[count] = as === 0 ? fresh++ : as === 1 ? expected[on] : number();
			total[count] = whole ? rest[d - 1] : amount();
			self[count] = owned === 0 ? 0 : owned === 1 ? total[count] : amount();
			start[count] = d ? next[d - 1] : 0;
			if (d) {
				expected[on] = frame[count];
				next[d - 1] += total[count];
				rest[d - 1] -= total[count];
			}
			next[d] = start[count];
			rest[d] = total[count] - self[count];
			open.push(count++);
		}
		close(0);
	})();

	/* in a difference: changes */
	/* in both */
	function frame_name(f) { return frames[f].name; }
	function frame_kind(f) { return frames[f].kind; }

	/* --- numbers and names, as src/format/names.c writes them --- */

	function digits(v, unit) {
		var a = Math.abs(v);
		/* in a difference: digits */
		var s = v.toFixed(a < 9.995 ? 2 : a < 99.95 ? 1 : 0);
		/* in both */
		if (s.indexOf(".") >= 0)
			s = s.replace(/\.?0+$/, "");
		return s + unit;
	}
	function value_text(v) {
		var ns = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 }[data.unit];
		if (ns) {
			v *= ns;
			if (v >= 999.5e6)
				return digits(v / 1e9, "s");
			if (v >= 999.5e3)
				return digits(v / 1e6, "ms");
			if (v >= 999.5)
				return digits(v / 1e3, "us");
			return digits(v, v > 0 ? "ns" : "s");
		}
		if (data.unit !== "bytes")
			return String(v);
		var units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
		for (var i = 0; v >= 1023.5 && i + 1 < units.length; i++)
			v /= 1024;
		return digits(v, units[i]);
	}
	function percent_text(v, whole) {
		var share = whole ? 100 * v / whole : 0;
		/* in a difference: share */
		if (share && share < 0.995)
			return String(Number(share.toPrecision(2))) + " %";
		/* in both */
		return digits(share, " %");
	}
	function columns(s) {
		var n = 0;
		for (var i = 0; i < s.length; i++) {
			var c = s.charCodeAt(i);
			n += c >= 0x1000 && (c < 0x2000 || c >= 0x3000) && (c < 0xd800 || c >= 0xe000) ? 2 : 1;
		}
		return n;
	}
	function strip(s) {
		var out = "", level = 0, kept = 0;
		for (var i = 0; i < s.length; i++) {
			var c = s[i];
			var op = level ? null : /^operator(\(\)|[-<>=!+*\/%^&|~]*)/.exec(s.slice(i, i + 16));
			if (op && !/\w/.test(s[i - 1] || "")) {
				out += op[0];
				i += op[0].length - 1;
				continue;
			}
			if (!level && c === "(" && (s[i - 1] === "." || s.substr(i, 5) === "(anon"))
				kept++;
			else if (c === "(" || c === "<")
				level++;
			if (!level)
				out += c;
			if (c === ")" && !level && kept)
				kept--;
			else if (c === ")" || (c === ">" && i && s[i - 1] !== "-")) {
				if (!level)
					return s;
				level--;
			}
		}
		out = out.replace(/ +$/, "").replace(/(.) const$/, "$1");
		return level || !out ? s : out;
	}
	function fit(s, room) {
		if (room < 3)
			return "";
		if (columns(s) <= room)
			return s;
		s = strip(s);
		if (columns(s) <= room)
			return s;
		var tail = s, split = /::(?=.)|\/(?=.)/g;
		while (split.exec(s)) {
			tail = s.slice(split.lastIndex);
			if (columns(tail) <= room - 1)
				return "\u2026" + tail;
		}
		var head = "";
		for (var c of tail) {
			if (columns(head + c) > room - 1)
				break;
			head += c;
		}
		return head + "\u2026";
	}
	/* Over the UTF-8 bytes, as the picture without a script has it. */
	function shade(f) {
		var bytes = unescape(encodeURIComponent(frame_name(f))), h = 5381;
		for (var i = 0; i < bytes.length; i++)
			h = (Math.imul(h, 33) ^ bytes.charCodeAt(i)) >>> 0;
		return "#" + PALETTE[frame_kind(f)][((h ^ (h >>> 7)) >>> 0) % 8];
	}
	/* in a difference: words */
	/* in both */
	var shades = [];
	function box_text(i) {
		var f = frame[i], kind = depth[i] === 1 ? "process" : KINDS[frame_kind(f)];
		/* in a difference: box words */
		var s = frame_name(f) + "\n" + value_text(total[i]) + ", " + percent_text(total[i], total[0]);
		if (self[i] > 0 && self[i] !== total[i])
			s += ", self " + value_text(self[i]);
		/* in both */
		var where = depth[i] ? [kind, frames[f].place, frames[f].module] : [];
		where = where.filter(Boolean).join(", ");
		return where ? s + "\n" + where : s;
	}

	/* --- drawing --- */

	var zoomed = 0, current = 0, search = "", found = [];
	var width = 0, drawn = [], rows = [];
	var boxes = part("boxes"), details = part("details"), legend = part("legend");
	var about = details.textContent + " Click to zoom, / to search, Esc to go back.";

	function draw_box(i, x, w, above) {
		var f = frame[i], kind = frame_kind(f), wide = w > 1 ? w - 0.5 : w;
		var hit = found[f], room = w > 6 ? Math.floor((w - 6) / COLUMN) : 0;
		var mark = room < 8 ? "" : MARKS[kind], text;
		var g = make("g", { tabindex: i === current ? 0 : -1, role: "button" });
		g.box = i;
		make("title", {}, g).textContent = box_text(i);
		/* in a difference: box colour */
		shades[f] = shades[f] || shade(f);
		/* in both */
		var shape = make("path", {
			d: "M" + x.toFixed(1) + (kind === INLINED && w >= 5 ? " 3v-11l4-4H" : " 3v-15H") +
				(x + wide).toFixed(1) + "v15z",
			/* in a difference: fill */
			fill: hit ? MATCH : shades[f]
			/* in both */
		}, g);
		if (above)
			shape.setAttribute("opacity", 0.6);
		if (hit)
			make("path", { d: "M" + x.toFixed(1) + " 2.5H" + (x + wide).toFixed(1),
				stroke: "#036" }, g);
		text = fit(frame_name(f), room - (mark ? 4 : 0));
		/* in a difference: box name */
		if (text)
			make("text", { x: (x + 3).toFixed(1) }, g).textContent = text + (mark && " [" + mark + "]");
		/* in both */
		return g;
	}
	function draw_row(d) {
		if (!rows[d]) {
			rows[d] = make("g", {
				transform: "translate(0 " + (data.base - d * data.row - 4) + ")"
			});
			rows[d].boxes = [];
		}
		return rows[d];
	}
	function draw() {
		var inner, scale, focused = boxes.contains(document.activeElement);
		var page = document.createDocumentFragment();
		width = Math.max(svg.getBoundingClientRect().width || 1200, 320);
		inner = width - 2 * data.pad;
		scale = inner / (total[zoomed] || 1);
		drawn = [];
		rows = [];
		for (var i = 0; i < count;) {
			var above = i < zoomed && last[i] >= zoomed;
			var inside = i >= zoomed && i <= last[zoomed];
			var x = inside ? (start[i] - start[zoomed]) * scale : 0;
			var w = inside && i !== zoomed ? total[i] * scale : inner;
			if ((!above && !inside) || w < MIN_BOX) {
				i = last[i] + 1;
				continue;
			}
			var row = draw_row(depth[i]);
			drawn[i] = row.appendChild(draw_box(i, data.pad + x, w, above));
			row.boxes.push(i);
			i++;
		}
		rows.forEach(function (r) { page.appendChild(r); });
		boxes.textContent = "";
		boxes.appendChild(page);
		frame_page();
		if (!drawn[current])
			current = zoomed;
		if (focused)
			focus_box(current);
	}
	/* What surrounds the boxes follows the width too. */
	function frame_page() {
		var beside = legend.getBBox().width + 480 < width;
		var height = data.height + (beside ? 0 : 30);
		svg.setAttribute("viewBox", "0 0 " + width + " " + height);
		svg.setAttribute("height", height);
		part("ground").setAttribute("width", width);
		part("ground").setAttribute("height", height);
		controls.setAttribute("x", beside ? width - data.pad - 450 : data.pad);
		/* in a difference: controls */
		controls.setAttribute("y", data.base + (beside ? 28 : 56));
		/* in both */
		reset.disabled = !zoomed;
	}
	function tell(s) {
		var room = Math.floor((width - 2 * data.pad) / COLUMN);
		s = s.replace(/\n/g, " \u2014 ");
		details.textContent = columns(s) > room ? s.slice(0, room - 1) + "\u2026" : s;
	}

	/* --- state, kept in the fragment --- */

	var nth = Array.prototype.indexOf.call(document.querySelectorAll("svg.flame"), svg);
	var suffix = nth > 0 ? String(nth) : "";
	function fragment() { return new URLSearchParams(location.hash.slice(1)); }
	function remember(step) {
		var q = fragment();
		q.delete("z" + suffix);
		q.delete("s" + suffix);
		if (zoomed)
			q.set("z" + suffix, zoomed);
		if (search)
			q.set("s" + suffix, search);
		var url = "#" + q.toString();
		if (url === (location.hash || "#"))
			return;
		/* A page in a sandbox may not touch its history. */
		try {
			if (step)
				history.pushState(null, "", url);
			else
				history.replaceState(null, "", url);
		} catch (e) {
			return;
		}
	}
	function recall() {
		var q = fragment(), z = Number(q.get("z" + suffix));
		zoomed = z > 0 && z < count && z % 1 === 0 ? z : 0;
		current = zoomed;
		look_for(q.get("s" + suffix) || "");
		input.value = search;
		draw();
	}
	function zoom(i) {
		zoomed = current = i;
		draw();
		remember(true);
	}

	/* --- search --- */

	/* Small letters match both cases; what is no regular expression is taken as it stands. */
	function matcher(s) {
		var flags = s === s.toLowerCase() ? "i" : "";
		try {
			return new RegExp(s, flags);
		} catch (e) {
			return new RegExp(s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), flags);
		}
	}
	/* A box inside of a matched one adds nothing: its time is in there already. */
	function look_for(s) {
		var re = s && matcher(s), sum = 0, hits = 0, after = 0;
		search = s;
		found = [];
		for (var f = 0; s && f < frames.length; f++)
			found[f] = re.test(frame_name(f));
		for (var i = 0; s && i < count; i++) {
			if (!found[frame[i]])
				continue;
			hits++;
			if (i >= after) {
				sum += total[i];
				after = last[i] + 1;
			}
		}
		output.textContent = s ? "matched " + percent_text(sum, total[0]) +
			" (" + hits + (hits === 1 ? " frame)" : " frames)") : "";
	}
	function set_search(s) {
		look_for(s);
		draw();
		remember(false);
	}

	/* --- controls: real ones, for the sake of keyboards and screen readers --- */

	function control(name, text) {
		var e = document.createElementNS(XHTML, name);
		e.textContent = text;
		e.style.font = "12px sans-serif";
		e.style.marginLeft = "8px";
		bar.appendChild(e);
		return e;
	}
	var controls = make("foreignObject", { "class": "controls", width: 450, height: 30 }, svg);
	var bar = document.createElementNS(XHTML, "div");
	bar.style.display = "flex";
	bar.style.alignItems = "center";
	bar.style.colorScheme = "light";
	bar.style.color = "#000";
	controls.appendChild(bar);
	var reset = control("button", "Reset zoom");
	reset.type = "button";
	reset.style.marginLeft = "0";
	var input = control("input", "");
	input.type = "search";
	input.placeholder = "Search (/)";
	input.setAttribute("aria-label", "Search function names, regular expression");
	input.style.width = "150px";
	var output = control("output", "");
	output.style.whiteSpace = "nowrap";

	reset.addEventListener("click", function () { zoom(0); });
	input.addEventListener("input", function () { set_search(input.value); });
	input.addEventListener("keydown", function (e) {
		e.stopPropagation();
		if (e.key === "Escape") {
			input.value = "";
			set_search("");
			focus_box(current);
		}
	});

	/* --- pointer and keys --- */

	function box_of(e) {
		var g = e.target.closest && e.target.closest("g[role=button]");
		return g && boxes.contains(g) ? g.box : -1;
	}
	function focus_box(i) {
		if (drawn[current])
			drawn[current].setAttribute("tabindex", -1);
		if (!drawn[i])
			return;
		current = i;
		drawn[i].setAttribute("tabindex", 0);
		drawn[i].focus({ preventScroll: false });
	}
	boxes.addEventListener("click", function (e) {
		var i = box_of(e);
		if (i >= 0)
			zoom(i);
	});
	boxes.addEventListener("mouseover", function (e) {
		var i = box_of(e);
		tell(i >= 0 ? box_text(i) : about);
	});
	boxes.addEventListener("mouseleave", function () { tell(about); });
	boxes.addEventListener("focusin", function (e) {
		var i = box_of(e);
		if (i >= 0)
			tell(box_text(i));
	});
	function neighbour(i, key) {
		var row, at;
		if (key === "ArrowUp") {
			row = rows[depth[i] + 1] ? rows[depth[i] + 1].boxes : [];
			return row.find(function (k) { return k > i && k <= last[i]; });
		}
		row = rows[depth[i]].boxes;
		at = row.indexOf(i);
		if (key === "ArrowLeft")
			return row[at - 1];
		if (key === "ArrowRight")
			return row[at + 1];
		row = depth[i] ? rows[depth[i] - 1].boxes : [];
		return row.filter(function (k) { return k < i; }).pop();
	}
	boxes.addEventListener("keydown", function (e) {
		var i = box_of(e), to;
		if (i < 0 || e.ctrlKey || e.altKey || e.metaKey)
			return;
		if (e.key === "Enter" || e.key === " ") {
			e.preventDefault();
			zoom(i);
		} else if (/^Arrow/.test(e.key)) {
			e.preventDefault();
			to = neighbour(i, e.key);
			if (to !== undefined)
				focus_box(to);
		}
	});
	var alone = document.documentElement === svg;
	document.addEventListener("keydown", function (e) {
		var typing = e.target !== svg && /^(input|textarea|select)$/i.test(e.target.nodeName);
		var find = e.key === "f" && (e.ctrlKey || e.metaKey) && alone;
		if (typing || e.defaultPrevented)
			return;
		if (find || (e.key === "/" && !nth && !e.ctrlKey && !e.altKey && !e.metaKey)) {
			e.preventDefault();
			input.focus();
			input.select();
		} else if (e.key === "Escape" && search) {
			input.value = "";
			set_search("");
		} else if (e.key === "Escape" && zoomed) {
			zoom(0);
		}
	});
	window.addEventListener("popstate", recall);
	window.addEventListener("hashchange", recall);
	window.addEventListener("resize", function () {
		if (Math.abs(svg.getBoundingClientRect().width - width) > 0.5)
			draw();
	});

	recall();
	tell(about);
	/* Scrolling there would be kinder, but whoever takes pictures of pages gets a blank one then. */
	part("note").textContent = data.note + (data.height > window.innerHeight ?
		(data.note && ". ") + "The root is at the bottom of this picture." : "");
}
