/* When the time was spent: a strip of bars over the recording, of which a part can be chosen. */

/* ui: choose(range or null), in bins. */
function time_strip(ui) {
	const HEIGHT = 44;
	const canvas = el("canvas", { class: "strip", tabindex: 0, role: "slider", "aria-label": "Time range",
		"aria-valuemin": 0, "aria-orientation": "horizontal" });
	const text = el("span", { class: "range" });
	const clear = el("button", { type: "button", onclick: () => ui.choose(null) }, "All of it");
	const box = el("div", { class: "times" }, canvas, el("div", { class: "under" },
		el("span", { class: "hint" }, "Time: drag, or arrow keys, to choose a part"), text, clear));
	let sums = null, bin_ns = 1, dark = false, drag = null, moved = null;

	function range() { return state.range || [0, sums.length]; }
	function seconds(bin) { return value_text(bin * bin_ns, "nanoseconds"); }
	function paint() {
		if (!sums || !box.isConnected)
			return;
		const scale = self.devicePixelRatio || 1, w = canvas.clientWidth, [from, to] = range();
		canvas.width = Math.round(w * scale);
		canvas.height = Math.round(HEIGHT * scale);
		const c = canvas.getContext("2d"), step = w / sums.length, most = Math.max(...sums) || 1;
		c.scale(scale, scale);
		sums.forEach((v, i) => {
			const share = Math.max(v, 0) / most, inside = i >= from && i < to;
			/* Heat and height say the same. */
			c.fillStyle = inside ? `hsl(${46 - 30 * share},${dark ? 62 : 90}%,${dark ? 30 + 22 * share : 76 - 24 * share}%)`
				: dark ? "#3a3c40" : "#d9dadd";
			c.fillRect(i * step, HEIGHT - share * (HEIGHT - 4), Math.max(step - (step > 3 ? 1 : 0), 0.5), share * (HEIGHT - 4));
		});
		c.fillStyle = dark ? "#888" : "#999";
		c.fillRect(0, HEIGHT - 1, w, 1);
		if (state.range) {
			c.fillStyle = dark ? "#8ec5ff" : "#0a58ca";
			c.fillRect(from * step - 1, 0, 2, HEIGHT);
			c.fillRect(to * step - 1, 0, 2, HEIGHT);
		}
	}
	function tell() {
		const [from, to] = range(), part = sums.slice(from, to).reduce((a, b) => a + b, 0);
		const all = sums.reduce((a, b) => a + b, 0);
		text.textContent = seconds(from) + " to " + seconds(to) + " of " + seconds(sums.length) +
			(state.range ? ", " + percent_text(part, all) + " of " + metric().type : "");
		canvas.setAttribute("aria-valuemax", sums.length);
		canvas.setAttribute("aria-valuenow", from);
		canvas.setAttribute("aria-valuetext", text.textContent);
		clear.hidden = !state.range;
	}
	function choose(from, to) {
		from = Math.max(0, Math.min(from, sums.length - 1));
		to = Math.max(from + 1, Math.min(to, sums.length));
		ui.choose(from === 0 && to === sums.length ? null : [from, to]);
	}
	function bin_at(e) {
		const r = canvas.getBoundingClientRect();
		return Math.max(0, Math.min(sums.length, (e.clientX - r.left) / r.width * sums.length));
	}
	canvas.addEventListener("pointerdown", e => {
		canvas.setPointerCapture(e.pointerId);
		drag = bin_at(e);
	});
	canvas.addEventListener("pointermove", e => {
		if (drag === null)
			return;
		const at = bin_at(e), from = Math.min(at, drag), to = Math.max(at, drag);
		if ((to - from) * canvas.clientWidth / sums.length <= 3)
			return;
		/* Once a frame, however fast the pointer is. */
		if (!moved)
			requestAnimationFrame(() => {
				choose(...moved);
				moved = null;
			});
		moved = [Math.floor(from), Math.ceil(to)];
	});
	canvas.addEventListener("pointerup", e => {
		if (drag !== null && Math.abs(bin_at(e) - drag) * canvas.clientWidth / sums.length <= 3)
			ui.choose(null);
		drag = null;
	});
	canvas.addEventListener("keydown", e => {
		const step = Math.max(1, Math.round(sums.length / 50)), [from, to] = range();
		const by = { ArrowLeft: -step, ArrowRight: step }[e.key];
		if (by && !state.range)
			by > 0 ? choose(0, step * 5) : choose(sums.length - step * 5, sums.length);
		else if (by && e.shiftKey)
			choose(from, Math.max(from + 1, to + by));
		else if (by && from + by >= 0 && to + by <= sums.length)
			choose(from + by, to + by);
		else if (e.key === "Home" || e.key === "End")
			e.key === "Home" ? choose(0, to - from) : choose(sums.length - (to - from), sums.length);
		else if (e.key === "Escape" && state.range)
			ui.choose(null);
		else if (!by)
			return;
		e.preventDefault();
		e.stopPropagation();
	});
	new ResizeObserver(paint).observe(canvas);
	return {
		box,
		show(s, ns) {
			sums = s;
			bin_ns = ns;
			box.hidden = !sums;
			if (sums) {
				tell();
				paint();
			}
		},
		theme(d) {
			dark = d;
			paint();
		}
	};
}
