/* Uses index.html as people do: viewer.js PART ARGUMENT... runs one part and prints a line for each step,
   "ok STEP" or what was wrong. Exits with 1 when a step was wrong or the page had an error. */
"use strict";
const fs = require("fs");
const http = require("http");
const path = require("path");
const { Browser } = require("./browser.js");
const SHIFT = 8, CTRL = 2;
let failures = 0;

function check(step, seen, wanted) {
	const right = wanted instanceof RegExp ? wanted.test(seen) : JSON.stringify(seen) === JSON.stringify(wanted);
	if (!right)
		failures++;
	console.log(right ? "ok " + step : "WRONG " + step + ": saw " + JSON.stringify(seen) + ", not " + (wanted instanceof RegExp ? wanted : JSON.stringify(wanted)));
}
const url_of = file => "file://" + path.resolve(file);

/* What a test asks of the page. */
const boxes = page => page.eval("profd.boxes()");
const names = async page => [...new Set((await boxes(page)).map(b => b.name))];
const text = (page, selector) => page.eval(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const hash = page => page.eval("decodeURIComponent(location.hash.slice(1).replace(/\\+/g, ' '))");
const box = async (page, name) => (await boxes(page)).find(b => b.name === name);
async function click_box(page, name, more) {
	const b = await box(page, name);
	await page.click(b.x + Math.min(20, b.width / 2), b.y + 8, more);
	await page.frames(15);
}
const focused = page => page.eval(`document.activeElement.matches("canvas.flame") ? document.querySelector("#details strong").textContent
	: document.activeElement.textContent || document.activeElement.tagName`);
async function open(page, file, fragment) {
	await page.open("about:blank");
	await page.open(url_of(file) + (fragment || ""));
	await page.ready();
	await page.frames();
}

const parts = {
	/* small.html */
	async mouse(page, file) {
		await open(page, file);
		check("the still page is gone", await page.eval("document.querySelectorAll('#still, svg').length"), 0);
		check("the graph starts whole", (await names(page)).includes("app worker"), true);
		await click_box(page, "write");
		check("a click zooms: others go", (await names(page)).includes("app worker"), false);
		check("callers stay", (await names(page)).includes("main"), true);
		check("and callees", (await names(page)).includes("ksys_write"), true);
		check("the trail names the box", await text(page, "nav.path"), /all.*app.*main.*write$/);
		check("the fragment has it", await hash(page), /^z=[0-9a-z]+$/);
		const shared = await page.eval("location.hash");
		await page.eval("history.back()");
		await page.until("!location.hash");
		await page.frames(15);
		check("back goes back", (await names(page)).includes("app worker"), true);
		await page.eval("history.forward()");
		await page.until("location.hash");
		await page.frames(15);
		check("and forward again", (await names(page)).includes("app worker"), false);
		await click_box(page, "all");
		check("the root resets", await hash(page), "");
		await open(page, file, shared);
		check("a fragment restores the zoom", (await names(page)).includes("app worker"), false);
		await page.click_on("button.reset");
		await page.frames(15);
		check("the button resets", (await names(page)).includes("app worker"), true);
		const main = await box(page, "main");
		await page.mouse("mouseMoved", main.x + 20, main.y + 8);
		await page.frames();
		check("a tooltip names place and module", await text(page, ".tip"), /^main.*src\/main\.cc:10.*app$/);
		check("and both shares", await text(page, ".tip"), /total 210ms, 77\.8 %; self 7\.01ms, 2\.59 %/);
		await click_box(page, "main", { modifiers: SHIFT });
		check("Shift-click shows callers and callees", [await hash(page), (await box(page, "_start")).depth], ["p=main", -2]);
		check("the share stays that of all", await text(page, "#details"), /^main total 210ms, 77\.8 %/);
		await page.click_on(".chip button");
		check("the chip goes away", await hash(page), "");
		const write = await box(page, "write");
		await page.click(write.x + 5, write.y + 5, { button: "right" });
		check("the menu is for the box", await page.eval("document.querySelector('.menu').getAttribute('aria-label')"), "Actions for write");
		await page.click_on(".menu button", "Only stacks with it");
		await page.frames();
		check("focus leaves only its stacks", (await names(page)).includes("app worker"), false);
		check("totals are of those", (await box(page, "all")).total, 47 * 1001001);
		await page.key("0");
		await page.frames();
		check("0 takes all filters away", [await hash(page), (await names(page)).includes("app worker")], ["", true]);
	},

	async search(page, file) {
		await open(page, file);
		await page.key("/");
		check("/ goes to the search", await page.eval("document.activeElement.type"), "search");
		await page.type("swap|Sorter");
		check("nested matches count once", await text(page, "output"), "matched 66.7 % (6 frames)");
		await page.key("a", CTRL);
		await page.type("sorter");
		check("small letters match all", await text(page, "output"), "matched 66.7 % (4 frames)");
		await page.key("a", CTRL);
		await page.type("SORTER");
		check("capitals do not", await text(page, "output"), "matched 0 % (0 frames)");
		await page.key("a", CTRL);
		await page.type("run(std");
		check("what is no pattern is text", await text(page, "output"), "matched 66.7 % (2 frames)");
		check("the fragment has it", await hash(page), "s=run(std");
		await page.key("Enter");
		check("Enter goes to a match", await text(page, "#details"), /run\(std.*match 1 of 2$/);
		await page.key("Escape");
		check("Esc clears the search", [await text(page, "output"), await hash(page)], ["", ""]);
		await page.key("f", CTRL);
		await page.type("ksys");
		check("Ctrl-F, too", await text(page, "output"), "matched 16.3 % (1 frame)");
		await page.key("a", CTRL);
		await page.type("^s");
		await page.eval("document.querySelector('canvas.flame').focus()");
		await page.key("n");
		const first = await text(page, "#details");
		await page.key("n");
		check("n goes to the next match", [/^std::swap.*match 1 of 2$/.test(first), /match 2 of 2$/.test(await text(page, "#details"))], [true, true]);
		await page.key("N", SHIFT);
		check("N to the one before", await text(page, "#details"), first);
	},

	/* Nothing but keys, from the first Tab on. */
	async keys(page, file) {
		await open(page, file);
		let stops = 0;
		for (; stops < 40 && !await page.eval("document.activeElement.matches('canvas.flame')"); stops++)
			await page.key("Tab");
		check("Tab comes to the graph", stops < 40, true);
		check("it says where it is", await focused(page), "all");
		await page.key("ArrowUp");
		check("up goes to the callee", await focused(page), "app");
		await page.key("ArrowRight");
		check("right to the neighbour", await focused(page), "app worker");
		await page.key("ArrowDown");
		check("down to the caller", await focused(page), "all");
		await page.key("ArrowUp");
		await page.key("ArrowUp");
		await page.key("Enter");
		await page.frames(15);
		check("Enter zooms", [(await names(page)).includes("app worker"), await focused(page)], [false, "_start"]);
		await page.key("Backspace");
		await page.frames(15);
		check("Backspace zooms out by one", await text(page, "nav.path"), /app$/);
		await page.key("Escape");
		await page.frames(15);
		check("Esc zooms out", (await names(page)).includes("app worker"), true);
		for (let i = 0; i < 4; i++)
			await page.key("ArrowUp");
		check("the largest callee is taken", await focused(page), "main");
		await page.key("p");
		await page.frames();
		check("p shows callers and callees", await hash(page), "p=main");
		await page.key("Escape");
		await page.frames();
		check("Esc ends that", await hash(page), "");
		await page.key("m");
		check("m opens a menu with the focus", await page.eval("document.activeElement.getAttribute('role')"), "menuitem");
		await page.key("Escape");
		check("and gives it back", await page.eval("document.activeElement.matches('canvas.flame')"), true);
		const upright = (await box(page, "all")).y;
		await page.key("i");
		await page.frames();
		check("i turns it over", (await box(page, "all")).y < upright, true);
		await page.key("ArrowDown");
		check("then down goes to the callee", await focused(page), "app");
		await page.key("i");
		await page.key("2");
		check("2 shows the table", await page.eval("document.querySelector('table.top').getClientRects().length"), 1);
		await page.key("t");
		check("t changes the theme", [await page.eval("document.documentElement.dataset.theme"), await hash(page)], ["dark", "v=table&theme=dark"]);
		await page.key("1");
		await page.key("?");
		check("? lists the keys", await page.eval("document.querySelector('dialog').open"), true);
		await page.key("Escape");
		await page.frames();
		check("Esc closes the list", await page.eval("document.querySelectorAll('dialog').length"), 0);
		await page.key("b");
		await page.frames();
		check("b puts leaves first", (await box(page, "std::swap<int>(int&, int&)")).depth, 1);
		check("every control has a name", await page.eval(`[...document.querySelectorAll("button, select, input, canvas")].filter(e =>
			!(e.getAttribute("aria-label") || e.textContent.trim())).length`), 0);
	},

	async table(page, file, top_json) {
		const top = JSON.parse(fs.readFileSync(top_json, "utf8"));
		await open(page, file, "#v=table");
		for (let more = true; more;) {
			more = await page.eval("(b => { const on = !b.hidden; if (on) b.click(); return on; })(document.querySelector('button.more'))");
		}
		const rows = await page.eval(`[...document.querySelectorAll("table.top tbody tr")].map(r => [...r.children].map(c => c.textContent))`);
		check("as many functions", rows.length, top.functions.length);
		const value = ns => {
			const a = Math.abs(ns), digits = v => String(Number(v.toFixed(v < 9.995 ? 2 : v < 99.95 ? 1 : 0)));
			return a >= 999.5e6 ? digits(ns / 1e9) + "s" : a >= 999.5e3 ? digits(ns / 1e6) + "ms" : a >= 999.5 ? digits(ns / 1e3) + "us" : ns + (a ? "ns" : "s");
		};
		const mine = rows.map(r => [r[4].replace(/ (inlined|kernel|JIT|note)$/, ""), r[0], r[2]].join(" | ")).sort();
		const theirs = top.functions.map(f => [f.name, value(f.flat), value(f.cum)].join(" | ")).sort();
		const odd = mine.findIndex((s, i) => s !== theirs[i]);
		check("the numbers of profd top", odd < 0 ? "" : mine[odd] + " and " + theirs[odd], "");
		await page.click_on("table.top thead button", "Total");
		const order = await page.eval(`document.querySelector("table.top thead th[aria-sort]").textContent`);
		check("a click sorts", order, /Total/);
		const most = [...top.functions].sort((a, b) => b.cum - a.cum)[0];
		check("the largest is first", await text(page, "table.top tbody td:nth-of-type(3)"), value(most.cum));
		await page.click_on("table.top tbody button.link");
		await page.frames();
		check("a name leads to its callers and callees", await hash(page), /p=/);
	},

	async hostile(page, file) {
		await open(page, file);
		check("no element came of a name", await page.eval("document.querySelectorAll('img, h1 + h1, iframe, main b i').length"), 0);
		check("no script but the page's", await page.eval("document.scripts.length"), 4);
		for (const tab of ["#v=table", "#v=about", "#g=file", "#g=module&v=table", "#p=" + encodeURIComponent("</title></svg><h1>out</h1>")])
			await open(page, file, tab);
		check("still none", await page.eval("document.querySelectorAll('img, iframe').length"), 0);
		await open(page, file);
		await page.eval("document.querySelector('input[type=search]').focus()");
		await page.type("img src");
		check("such a name is found as text", await text(page, "output"), /^matched .* \(1 frame\)$/);
		check("nothing ran", page.errors, []);
	},

	/* A server with exactly the header that Jenkins sends; also with scripts switched off. */
	async jenkins(page, file) {
		let policy = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self'";
		const server = http.createServer((request, response) => {
			response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy });
			response.end(fs.readFileSync(file));
		});
		await new Promise(done => server.listen(0, "127.0.0.1", done));
		const looks = `(() => {
			const svg = document.querySelector("#still svg"), texts = [...svg.querySelectorAll("text")].map(t => t.textContent);
			const path = svg.querySelector("path[fill]"), cells = [...document.querySelectorAll("#still tbody tr")][0];
			return { main: texts.includes("main"), fill: getComputedStyle(path).fill, width: Math.round(path.getBBox().width) > 100,
				first: cells.children[4].textContent, right: getComputedStyle(cells.children[0]).textAlign,
				live: document.documentElement.classList.contains("live"), svg_width: svg.getBoundingClientRect().width > 900 };
		})()`;
		const wanted = { main: true, fill: "rgb(204, 204, 221)", width: true, first: "std::swap<int>(int&, int&)", live: false, svg_width: true };
		const as_wanted = seen => Object.keys(wanted).every(k => k === "fill" || seen[k] === wanted[k]) && seen.fill !== "rgb(0, 0, 0)" && /right/.test(seen.right);
		await page.open(`http://127.0.0.1:${server.address().port}/`);
		let seen = await page.eval(looks);
		check("in Jenkins' sandbox graph and table can be read", as_wanted(seen) || seen, true);
		page.errors = page.errors.filter(e => !/Content Security Policy|sandboxed/.test(e));
		await page.send("Emulation.setScriptExecutionDisabled", { value: true });
		await page.open(url_of(file));
		await page.send("Emulation.setScriptExecutionDisabled", { value: false });
		seen = await page.eval(looks);
		check("without scripts, too", as_wanted(seen) || seen, true);
		policy = "sandbox allow-scripts";
		await page.open(`http://127.0.0.1:${server.address().port}/`);
		await page.ready();
		await page.frames();
		await click_box(page, "write");
		check("in a sandbox that lets scripts run it zooms", (await names(page)).includes("app worker"), false);
		await page.eval("document.querySelector('canvas.flame').focus()");
		await page.key("Escape");
		await page.frames(15);
		check("and goes back", (await names(page)).includes("app worker"), true);
		server.close();
	},

	/* phases.html: times, threads, two profiles */
	async times(page, file) {
		await open(page, file);
		const whole = (await box(page, "all")).total;
		check("all samples", whole, 848 * 1001001 - 1001001);
		const strip = await page.eval("(r => ({ x: r.left, y: r.top, w: r.width, h: r.height }))(document.querySelector('canvas.strip').getBoundingClientRect())");
		await page.mouse("mouseMoved", strip.x + strip.w * 0.35, strip.y + 10);
		await page.mouse("mousePressed", strip.x + strip.w * 0.35, strip.y + 10, { button: "left", clickCount: 1 });
		await page.mouse("mouseMoved", strip.x + strip.w * 0.7, strip.y + 10, { button: "left" });
		await page.mouse("mouseReleased", strip.x + strip.w * 0.7, strip.y + 10, { button: "left", clickCount: 1 });
		await page.frames();
		check("a dragged range is in the fragment", await hash(page), /^r=17[0-9]-3[45][0-9]$/);
		check("what was before is gone", (await names(page)).includes("load"), false);
		check("what was then is there", (await names(page)).includes("solve"), true);
		const shared = await page.eval("location.hash");
		const some = (await box(page, "all")).total;
		await open(page, file, shared);
		check("a fragment restores it", (await box(page, "all")).total, some);
		await page.eval("document.querySelector('canvas.strip').focus()");
		await page.key("Home");
		await page.frames();
		check("Home shows the beginning", (await names(page)).includes("load"), true);
		await page.key("Escape");
		await page.frames();
		check("Esc shows all of it", (await box(page, "all")).total, whole);
		await page.key("ArrowRight");
		await page.key("ArrowRight", SHIFT);
		await page.frames();
		check("arrow keys choose, too", await hash(page), "r=0-60");
		check("and it is said", await page.eval("document.querySelector('canvas.strip').getAttribute('aria-valuetext')"), /^0s to 1\.2s of 9\.98s/);
		await page.key("Escape");
		await page.eval("(s => { s.value = [...s.options].find(o => o.textContent.includes('502')).value; s.dispatchEvent(new Event('change')); })(document.querySelector('select[aria-label=Threads]'))");
		await page.frames();
		check("a thread alone", [(await names(page)).includes("memcpy"), (await names(page)).includes("load")], [true, false]);
		await page.key("0");
		await page.eval("(s => { s.value = 3; s.dispatchEvent(new Event('change')); })(document.querySelector('select[aria-label=Metric]'))");
		await page.frames();
		check("another metric, of the other profile", [await hash(page), (await box(page, "all")).total > whole, (await names(page)).includes("[off-cpu: lock]")],
			["m=wall.wall", true, true]);
		await open(page, file, "#g=module");
		check("by module", (await names(page)).sort(), ["//anon", "/srv/app/bin/app", "[kernel.kallsyms]", "all", "app"]);
		await open(page, file, "#g=thread&v=table");
		check("threads in the table", await page.eval("document.querySelectorAll('table.top tbody tr').length"), 3);
		await open(page, file, "#c=1");
		check("recursion collapsed", (await boxes(page)).filter(b => b.name === "parse").length, 1);
		await open(page, file, "#h=solve&g=function");
		check("hidden frames' callees stay", [(await names(page)).includes("solve"), (await names(page)).includes("memcpy")], [false, true]);
	},

	async theme(page, file) {
		await page.media({ "prefers-color-scheme": "dark" });
		await open(page, file);
		const ground = () => page.eval("getComputedStyle(document.body).backgroundColor");
		check("dark as the system", await ground(), "rgb(23, 24, 26)");
		await page.click_on(".right button", "View");
		await page.click_on(".menu button", "Light");
		check("light when asked for", [await ground(), await hash(page)], ["rgb(255, 255, 255)", "theme=light"]);
		await open(page, file, "#theme=dark");
		await page.media({ "prefers-color-scheme": "light" });
		check("kept in the fragment", await ground(), "rgb(23, 24, 26)");
		/* Black or white text on every shade that a name can have: at least 4.5 to 1. */
		const worst = await page.eval(`(() => {
			const c = document.createElement("canvas").getContext("2d", { willReadFrequently: true }), light = rgb => rgb.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
				.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
			const rgb = colour => { c.fillStyle = colour; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data.slice(0, 3)]; };
			let worst = 21;
			for (const dark of [false, true])
				for (let kind = 0; kind < 6; kind++)
					for (let n = 0; n < 300; n++) {
						const a = light(rgb(profd.shade("name" + n, kind, dark))), b = light(rgb(dark ? "#f2f2f2" : "#111"));
						worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
					}
			return worst;
		})()`);
		check("text has contrast " + worst.toFixed(1), worst >= 4.5, true);
	},

	/* Saves everything into FOLDER; the caller compares. */
	async save(page, file, folder) {
		fs.mkdirSync(folder, { recursive: true });
		await page.browser.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: path.resolve(folder), eventsEnabled: true });
		await open(page, file);
		for (const what of ["Picture, SVG", "Picture, PNG", "Folded stacks", "pprof"]) {
			const done = new Promise(resolve => page.browser.listeners.push(m => {
				if (m.method === "Browser.downloadProgress" && m.params.state === "completed")
					resolve();
			}));
			await page.click_on(".right button", "Save");
			await page.click_on(".menu button", what);
			await done;
			page.browser.listeners.pop();
		}
		check("four files", fs.readdirSync(folder).sort(), ["profile.folded", "profile.pb.gz", "profile.png", "profile.svg"]);
		check("a picture", fs.readFileSync(path.join(folder, "profile.png")).subarray(1, 4).toString(), "PNG");
	},

	/* diff.html */
	async diff(page, file) {
		await open(page, file);
		check("widths are those of after", (await box(page, "solve")).width / (await box(page, "all")).width > 0.78, true);
		check("what vanished has none", (await names(page)).includes("script"), false);
		const tip = async name => {
			const b = await box(page, name);
			await page.mouse("mouseMoved", b.x + b.width / 2, b.y + 8);
			await page.frames();
			return text(page, ".tip");
		};
		/* n = 1200 and 1610 of 1001001 ns each: 2 sqrt(2810) samples are 106.1 ms. */
		check("a change has an interval", await tip("solve"),
			/before 1\.2s \(59\.4 %\), after 1\.61s \(79\.1 %\)change \+410ms, \+34\.2 %, between \+304ms and \+517ms/);
		check("a small one is noise", await tip("exchange"), /change \+10ms, \+3\.33 %, between \u221239\.4ms and \+59\.5ms: within the noise/);
		check("the legend says how", await text(page, ".legend"), /Noise of a frame: 2 \u221a/);
		const colour = name => page.eval(`profd.fill(${JSON.stringify(name)})`);
		check("less is blue", await colour("load"), /^hsl\(212,/);
		check("more is orange", await colour("solve"), /^hsl\(28,/);
		check("noise is grey", await colour("exchange"), "#dcdde1");
		await page.eval("(s => { s.value = 'before'; s.dispatchEvent(new Event('change')); })(document.querySelector('select[aria-label=Width]'))");
		await page.frames();
		check("before shows what vanished", (await names(page)).includes("script"), true);
		await page.eval("(s => { s.value = 'delta'; s.dispatchEvent(new Event('change')); })(document.querySelector('select[aria-label=Width]'))");
		await page.frames();
		const all = (await box(page, "all")).width, changed = 300 + 70 + 400 + 10 + 120 + 90 + 5;
		check("change: widths are sums of changes", Math.round(changed * (await box(page, "load")).width / all), 370);
		check("of both signs", [(await names(page)).includes("script"), (await names(page)).includes("check")], [true, true]);
		await page.key("2");
		await page.frames();
		const rows = await page.eval(`[...document.querySelectorAll("table.top tbody tr")].slice(0, 3).map(r => [...r.children].slice(0, 5).map(c => c.textContent).join(" "))`);
		check("the table has the largest change first", rows[0], /^\+400ms \+400ms 901ms 1\.3s multiply/);
		check("recursion counts once", await page.eval(`[...document.querySelectorAll("table.top tbody tr")].find(r => r.children[4].textContent === "parse").children[1].textContent`), "\u2212370ms");
		check("lists of what is new and gone", await text(page, ".changes"),
			/New functions: only after \(1\)check 90\.1ms.*New stacks.*run \u203a check.*Vanished functions: only before \(1\)script 120ms.*Vanished stacks/);
		await page.click_on(".changes button", "run \u203a script");
		await page.frames(15);
		check("they lead to the graph", await text(page, "nav.path"), /script$/);
	},

	/* A tree that was too large: the page says what it lacks, and its table lacks nothing. */
	async exact(page, file, top_json) {
		const top = JSON.parse(fs.readFileSync(top_json, "utf8"));
		await open(page, file);
		check("the page says what it lacks", await text(page, "p.note"), /^[0-9.]+ % of cpu passes through [0-9,]+ frames, each branch below [0-9.e-]+ %/);
		check("all time is there", (await box(page, "all")).total, top.total);
		const wrong = await page.eval(`(() => {
			const mine = new Map();
			for (const r of profd.table().rows)
				mine.set(r.name, [r.self[0], r.total[0]].join());
			return ${JSON.stringify(top.functions.map(f => [f.name, [f.flat, f.cum].join()]))}.filter(([name, s]) => mine.get(name) !== s)[0] || "";
		})()`);
		check("every function has the numbers of profd top", wrong, "");
	}
};

async function main() {
	const [part, ...args] = process.argv.slice(2);
	const browser = await Browser.start({ program: process.env.CHROMIUM || "chromium" });
	try {
		const page = await browser.page();
		await page.size(1280, 900, 1);
		await parts[part](page, ...args);
		check("no error in the page", page.errors, []);
	} finally {
		await browser.stop();
	}
	return failures ? 1 : 0;
}
main().then(status => process.exit(status), e => {
	console.log("WRONG " + (e.stack || e));
	process.exit(1);
});
