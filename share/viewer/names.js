/* Numbers and names as src/format/names.c writes them, and colours. */
function el(name, attributes, ...children) {
	const e = document.createElement(name);
	for (const key in attributes) {
		const v = attributes[key];
		if (key.startsWith("on"))
			e.addEventListener(key.slice(2), v);
		else if (v === true)
			e.setAttribute(key, "");
		else if (v !== false && v !== undefined && v !== null)
			e.setAttribute(key, v);
	}
	e.append(...children.filter(c => c !== null && c !== undefined));
	return e;
}

function digits(v, unit) {
	const a = Math.abs(v);
	let s = v.toFixed(a < 9.995 ? 2 : a < 99.95 ? 1 : 0);
	if (s.includes("."))
		s = s.replace(/\.?0+$/, "");
	return s + unit;
}
function grouped(v) {
	return String(Math.round(v)).replace(/\B(?=(\d{3})+$)/g, ",");
}
const NANOSECONDS = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };
function value_text(v, unit) {
	const ns = NANOSECONDS[unit];
	if (ns) {
		const a = Math.abs(v *= ns);
		if (a >= 999.5e6)
			return digits(v / 1e9, "s");
		if (a >= 999.5e3)
			return digits(v / 1e6, "ms");
		if (a >= 999.5)
			return digits(v / 1e3, "us");
		return digits(v, a > 0 ? "ns" : "s");
	}
	if (unit !== "bytes")
		return Number.isInteger(v) ? grouped(v) : digits(v, "");
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let i = 0;
	for (; Math.abs(v) >= 1023.5 && i + 1 < units.length; i++)
		v /= 1024;
	return digits(v, units[i]);
}
function percent_text(v, whole) {
	const share = whole ? 100 * v / whole : 0;
	if (share && Math.abs(share) < 0.995)
		return Number(share.toPrecision(2)) + " %";
	return digits(share, " %");
}
function signed_text(s) {
	return s.startsWith("-") ? "\u2212" + s.slice(1) : "+" + s;
}

function clipped(s, max) {
	return s.length <= max ? s : s.slice(0, max / 2) + "\u2026" + s.slice(s.length - max / 2 + 1);
}
function base_name(path) {
	return path.slice(path.lastIndexOf("/", path.length - 2) + 1) || path;
}
/* The last two parts of a path tell most. */
function place_text(file, line) {
	const short = file.split("/").slice(-2).join("/");
	return short && line ? short + ":" + line : short;
}

/* Two columns from U+1000 on, where the wide scripts and the pictures are, but for punctuation. */
function columns(s) {
	let n = s.length;
	for (let i = 0; i < s.length; i++) {
		const c = s.charCodeAt(i);
		if (c >= 0x1000 && (c < 0x2000 || c >= 0x3000) && (c < 0xd800 || c >= 0xe000))
			n++;
	}
	return n;
}
/* Without template arguments, parameters and what follows them. */
function strip_name(s) {
	let out = "", level = 0, kept = 0;
	for (let i = 0; i < s.length; i++) {
		const c = s[i];
		const op = !level && c === "o" ? /^operator(\(\)|[-<>=!+*\/%^&|~]*)/.exec(s.slice(i, i + 16)) : null;
		if (op && !/\w/.test(s[i - 1] || "")) {
			out += op[0];
			i += op[0].length - 1;
			continue;
		}
		if (!level && c === "(" && (s[i - 1] === "." || s.startsWith("(anon", i)))
			kept++;
		else if (c === "(" || c === "<")
			level++;
		if (!level)
			out += c;
		if (c === ")" && !level && kept) {
			kept--;
		} else if (c === ")" || (c === ">" && i && s[i - 1] !== "-")) {
			if (!level)
				return s;
			level--;
		}
	}
	out = out.replace(/ +$/, "").replace(/(.) const$/, "$1");
	return level || !out ? s : out;
}
/* At most @room columns, the end of ns::Class::method kept. */
function fit_name(s, room) {
	if (room < 3)
		return "";
	if (columns(s) <= room)
		return s;
	s = strip_name(s);
	if (columns(s) <= room)
		return s;
	let tail = s;
	const split = /::(?=.)|\/(?=.)/g;
	while (split.exec(s)) {
		tail = s.slice(split.lastIndex);
		if (columns(tail) <= room - 1)
			return "\u2026" + tail;
	}
	let head = "";
	for (const c of tail) {
		if (columns(head + c) > room - 1)
			break;
		head += c;
	}
	return head + "\u2026";
}

/* FNV-1a over UTF-16; the same everywhere, so that colours and fragments are. */
function hash_text(s) {
	let h = 0x811c9dc5;
	for (let i = 0; i < s.length; i++)
		h = Math.imul(h ^ s.charCodeAt(i), 0x01000193);
	h ^= h >>> 15;
	h = Math.imul(h, 0x2c1b3c6d);
	return (h ^ h >>> 13) >>> 0;
}

/* Hue, saturation, lightness by kind; names differ a little from them, each always alike. */
const PALETTE = {
	light: [[40, 88, 72], [18, 88, 70], [50, 75, 84], [105, 48, 70], [220, 8, 83], [215, 22, 80]],
	dark: [[34, 52, 29], [12, 58, 32], [48, 30, 24], [125, 36, 25], [220, 8, 28], [215, 26, 30]]
};
function shade_of(name, kind, dark) {
	const [h, s, l] = PALETTE[dark ? "dark" : "light"][kind], n = hash_text(name);
	return `hsl(${h + n % 7 * 2 - 6},${s}%,${l + (n >> 8) % 5 * 2 - 4}%)`;
}
