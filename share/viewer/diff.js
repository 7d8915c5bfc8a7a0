/* Two profiles in one: columns before, after, and how many samples each side has. */
const BEFORE = 0, AFTER = 1, BEFORE_SAMPLES = 2, AFTER_SAMPLES = 3;

function diff_sizes(t, total) {
	if (state.side !== "delta")
		return total[state.side === "before" ? BEFORE : AFTER].map(v => Math.max(v, 0));
	const changed = t.self[AFTER].map((v, i) => Math.abs(v - t.self[BEFORE][i]));
	return tree_totals(t.parent, [changed])[0];
}
/* The mean value of one sample on a side. */
function diff_weight(value, count) {
	const v = profile().values;
	return v[count].total ? v[value].total / v[count].total : 0;
}
/* Twice the standard deviation of a difference of counts: below it a change may be luck. */
function diff_noise(nb, na) {
	const wb = diff_weight(BEFORE, BEFORE_SAMPLES), wa = diff_weight(AFTER, AFTER_SAMPLES);
	return 2 * Math.sqrt(Math.max(nb, 0) * wb * wb + Math.max(na, 0) * wa * wa);
}
/* -1, 0 or 1. */
function diff_way(delta, noise) {
	return Math.abs(delta) <= noise ? 0 : Math.sign(delta);
}
function diff_at(tree, i) {
	const [b, a, nb, na] = tree.total.map(c => c[i]);
	return { before: b, after: a, delta: a - b, noise: diff_noise(nb, na), way: diff_way(a - b, diff_noise(nb, na)) };
}
/* Blue for less, orange for more, the stronger the more of the whole it is. */
function diff_fill(tree, i, dark) {
	const d = diff_at(tree, i), whole = Math.max(tree.total[BEFORE][0], tree.total[AFTER][0]) || 1;
	if (!d.way)
		return dark ? "#3b3d42" : "#dcdde1";
	const much = Math.min(1, Math.sqrt(Math.abs(d.delta) / whole) * 2);
	const [h, s] = d.way > 0 ? [28, 88] : [212, 75];
	return `hsl(${h},${dark ? s - 22 : s}%,${dark ? 24 + 14 * much : 86 - 26 * much}%)`;
}
function diff_sign(tree, i) {
	const way = diff_at(tree, i).way;
	return way > 0 ? "+ " : way < 0 ? "\u2212 " : "";
}
function diff_text(d, unit, whole) {
	const share = (v, of) => value_text(v, unit) + " (" + percent_text(v, of) + ")";
	return ["before " + share(d.before, whole[BEFORE]) + ", after " + share(d.after, whole[AFTER]),
		"change " + signed_text(value_text(d.delta, unit)) +
			(d.before ? ", " + signed_text(percent_text(d.delta, d.before)) : d.after ? ", new" : "") +
			", between " + signed_text(value_text(d.delta - d.noise, unit)) + " and " +
			signed_text(value_text(d.delta + d.noise, unit)) + (d.way ? "" : ": within the noise")];
}
function diff_row(r, of) {
	const noise = diff_noise(of[BEFORE_SAMPLES], of[AFTER_SAMPLES]), delta = of[AFTER] - of[BEFORE];
	return { delta, way: diff_way(delta, noise) };
}
function diff_columns() {
	const text = of => r => {
		const { delta, way } = diff_row(r, of(r));
		return delta ? signed_text(value_text(delta, metric().unit)) + (way ? "" : " ~") : "0";
	};
	const look = of => r => ["less", "", "more"][diff_row(r, of(r)).way + 1];
	const rank = of => r => Math.abs(diff_row(r, of(r)).delta);
	const self = r => r.self, total = r => r.total;
	return [
		{ key: "self", title: "Self change", of: r => r.self[AFTER] - r.self[BEFORE], text: text(self), look: look(self), rank: rank(self) },
		{ key: "total", title: "Total change", of: r => r.total[AFTER] - r.total[BEFORE], text: text(total), look: look(total), rank: rank(total) },
		{ key: "before", title: "Before", of: r => r.total[BEFORE] },
		{ key: "after", title: "After", of: r => r.total[AFTER] }];
}
/* What only one side has: functions, and the outermost frames of stacks. */
function diff_functions(table, has, lacks) {
	return table.rows.filter(r => r.total[has] > 0 && !r.total[lacks]).sort((a, b) => b.total[has] - a.total[has]);
}
function diff_stacks(tree, has, lacks) {
	const found = [], own = tree.total[has], other = tree.total[lacks];
	for (let i = 1; i < tree.n; i++)
		if (own[i] > 0 && !other[i] && other[tree.parent[i]])
			found.push(i);
	return found.sort((a, b) => own[b] - own[a]);
}
