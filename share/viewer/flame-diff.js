/* What the picture of a difference does otherwise than flame.js, piece by piece; share/viewer/weave puts */
/* them into their places. Its data has, beside the others: */
/* */
/* changes    of each box, as src/format/script.c writes them */
/* vanished   [first, end): the boxes of what has vanished, whose width is what they were before */

/* colours */
	/* As in src/format/svg.c: within the noise, more, less, on the way to what vanished. */
	var CHANGES = ["ddd ddd ddd ddd", "fe9 fd6 fb3 f92", "cdf abf 8af 69f", "eee eee eee eee"
	].map(function (row) { return row.split(" "); });
	var SIGNS = ["", "+", "\u2212", ""];
	var ON_THE_WAY = 3;

/* changes */
	var how = [], strength = [], before = [], noise = [], self_before = [];
	open_code(data.changes);
	for (var b = 0; b < count; b++) {
		var change = digit(), same = change >> 4 & 1;
		how[b] = change & 3;
		strength[b] = change >> 2 & 3;
		before[b] = same ? before[b - 1] : amount();
		noise[b] = same ? noise[b - 1] : number();
		self_before[b] = change > 31 ? amount() : 0;
	}
	function is_vanished(i) { return i >= data.vanished[0] && i < data.vanished[1]; }
	function after(i) {
		if (!i)
			return total[0] - (total[data.vanished[0]] || 0);
		return is_vanished(i) ? 0 : total[i];
	}

/* digits */
		var s = fixed(v, a < 9.995 ? 2 : a < 99.95 ? 1 : 0);

/* share */
		if (share && share < 0.995)
			return String(Number(fixed(share, 1 - Math.floor(Math.log10(share))))) + " %";

/* words */
	/* What lies in the middle goes to the even digit, as in printf(3); toFixed takes the larger. Shares of */
	/* changes often do: 1.25 times as much. In the middle are odd multiples of 2^-(n + 1), and no others. */
	function fixed(v, n) {
		var scale = Math.pow(10, n), down = Math.floor(v * scale);
		return v * Math.pow(2, n + 1) % 2 === 1 && down % 2 === 0 ? (down / scale).toFixed(n) : v.toFixed(n);
	}
	/* As src/format/picture-diff.c has it. */
	function amount_text(v, none) { return v ? value_text(v) : none; }
	function change_text(i) {
		var a = after(i), b = before[i], delta = a - b, size = Math.abs(delta);
		var self_after = is_vanished(i) ? 0 : self[i];
		if (how[i] === ON_THE_WAY)
			return amount_text(b, "0") + " before, none after, vanished here";
		var sign = delta > 0 ? "+" : delta < 0 ? "\u2212" : "";
		var s = amount_text(a, "none") + " after, " + amount_text(b, "none") + " before: " +
			sign + amount_text(size, "0");
		if (how[i] && a && b && size * 1e4 >= b)
			s += " (" + sign + percent_text(size, b) + ")";
		if (noise[i])
			s += (how[i] ? ", noise " : ", within the noise of ") + value_text(noise[i]);
		if ((!self_before[i] && !self_after) || (self_before[i] === b && self_after === a))
			return s;
		return s + "\nself " + amount_text(self_after, "none") + " after, " +
			amount_text(self_before[i], "none") + " before";
	}

/* box words */
		var s = frame_name(f) + "\n" + change_text(i);
		if (how[i] === ON_THE_WAY)
			return s;

/* box colour */
		var sign = room > 0 ? SIGNS[how[i]] : "", paint = "#" + CHANGES[how[i]][strength[i]];
		room -= sign ? 2 : 0;

/* fill */
			fill: hit ? MATCH : paint

/* box name */
		if (text || sign)
			make("text", { x: (x + 3).toFixed(1) }, g).textContent =
				sign + (sign && text && " ") + text + (mark && " [" + mark + "]");

/* controls */
		controls.setAttribute("y", beside ? data.base + 28 : data.height - 6);
