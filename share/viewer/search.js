/* Small letters match both cases; what is no regular expression is taken as it stands. */
function matcher(s) {
	const flags = s === s.toLowerCase() ? "i" : "";
	try {
		return new RegExp(s, flags);
	} catch (e) {
		return new RegExp(s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), flags);
	}
}

/* labels: which match; boxes: the nodes of those; sum: their size. A box inside of a matched one adds */
/* nothing: its time is in there already. */
function look_for(view, s) {
	const re = matcher(s), { tree, labels } = view, found = labels.name.map(name => re.test(name)), boxes = [];
	let sum = 0, after = 0;
	for (let i = 1; i < tree.n; i++) {
		if (!found[tree.label[i]])
			continue;
		boxes.push(i);
		if (i >= after && tree.depth[i] >= 0) {
			sum += tree.size[i];
			after = tree.end[i] + 1;
		}
	}
	return { labels: found, boxes, sum };
}
