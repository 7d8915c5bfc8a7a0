/* Drives the flame graphs of the page it is put into, as a user would, and writes what came of each
   step into the page: <li>STEP: ok</li>, or what was wrong. */
(function () {
	"use strict";
	var list = document.createElement("ol");
	var svg = document.querySelector("svg.flame");
	list.id = "driven";
	document.body.appendChild(list);

	function note(step, wrong) {
		var li = document.createElement("li");
		li.textContent = step + ": " + (wrong || "ok");
		list.appendChild(li);
	}
	function check(step, seen, wanted) {
		note(step, seen === wanted ? "" : "saw '" + seen + "', not '" + wanted + "'");
	}
	function boxes(name) {
		return Array.prototype.filter.call(svg.querySelectorAll("g[role=button]"), function (g) {
			return !name || g.querySelector("title").textContent.split("\n")[0] === name;
		});
	}
	function key(target, k, more) {
		target.dispatchEvent(new KeyboardEvent("keydown",
			Object.assign({ key: k, bubbles: true, cancelable: true }, more)));
	}
	function click(target) {
		target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
	}
	function type(s) {
		input.value = s;
		input.dispatchEvent(new Event("input", { bubbles: true }));
	}
	function focused() {
		var title = document.activeElement.querySelector("title");
		return title ? title.textContent.split("\n")[0] : document.activeElement.nodeName;
	}
	var input = svg.querySelector("input"), output = svg.querySelector("output");
	var button = svg.querySelector("button");

	check("the graph starts whole", boxes("write").length, 1);
	check("reset is off", button.disabled, true);
	click(boxes("write")[0].querySelector("path"));
	check("a click zooms: the others go", boxes("app worker").length, 0);
	check("callers stay", boxes("main").length, 1);
	check("and callees", boxes("ksys_write").length, 1);
	check("the fragment has the zoom", /^#z=\d+$/.test(location.hash), true);
	var shared = location.hash;
	key(document.body, "Escape");
	check("Esc goes back", boxes("app worker").length, 1);
	check("and clears the fragment", location.hash, "");
	location.hash = shared;
	window.dispatchEvent(new HashChangeEvent("hashchange"));
	check("a fragment restores the zoom", boxes("app worker").length, 0);
	click(button);
	check("the button resets", boxes("app worker").length, 1);

	key(document.body, "/");
	check("/ goes to the search", document.activeElement === input, true);
	type("swap|Sorter");
	check("nested matches count once", output.textContent, "matched 66.7 % (6 frames)");
	type("sorter");
	check("small letters match all", output.textContent, "matched 66.7 % (4 frames)");
	type("SORTER");
	check("capitals do not", output.textContent, "matched 0 % (0 frames)");
	type("run(std");
	check("what is no pattern is text", output.textContent, "matched 66.7 % (2 frames)");
	check("the fragment has it", location.hash, "#s=run%28std");
	key(input, "Escape");
	check("Esc clears the search", output.textContent + location.hash, "");

	boxes("all")[0].focus();
	key(document.activeElement, "ArrowUp");
	check("up goes to the callee", focused(), "app");
	key(document.activeElement, "ArrowRight");
	check("right to the neighbour", focused(), "app worker");
	key(document.activeElement, "ArrowDown");
	check("down to the caller", focused(), "all");
	key(document.activeElement, "ArrowUp");
	key(document.activeElement, "ArrowUp");
	key(document.activeElement, "Enter");
	check("Enter zooms", boxes("app worker").length, 0);
	check("and keeps the focus", focused(), "_start");
	check("one box is in the tab order", boxes().filter(function (g) {
		return g.getAttribute("tabindex") === "0";
	}).length, 1);
	check("details show what has the focus",
		svg.querySelector(".details").textContent.indexOf("_start \u2014 210ms, 77.8 %"), 0);
	click(button);

	var graphs = document.querySelectorAll("svg.flame");
	if (graphs.length > 1) {
		var first = boxes().length;
		svg = graphs[1];
		click(boxes("write")[0].querySelector("path"));
		check("a second graph zooms alone", boxes("app worker").length, 0);
		check("with a fragment of its own", /^#z1=\d+$/.test(location.hash), true);
		svg = graphs[0];
		check("and leaves the first", boxes().length, first);
	}
})();
