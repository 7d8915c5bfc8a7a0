/* report.js PAGE [SHOTS]: report.html in light and dark, wide and at 400 pixels, with its own style
   and as Jenkins serves it. Prints what is wrong; with SHOTS, a folder, takes pictures of each. */
"use strict";
const fs = require("fs");
const http = require("http");
const path = require("path");
const { Browser } = require("./browser.js");

const JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self'";
const [page_file, shots] = process.argv.slice(2);
const faults = [];

/* The pages under /jenkins have Jenkins' header. */
function serve() {
	const server = http.createServer((request, response) => {
		const headers = { "Content-Type": "text/html; charset=utf-8" };
		if (request.url.startsWith("/jenkins"))
			headers["Content-Security-Policy"] = JENKINS;
		response.writeHead(request.url.endsWith("ico") ? 204 : 200, headers);
		response.end(request.url.endsWith("ico") ? "" : fs.readFileSync(page_file));
	});
	return new Promise(done => server.listen(0, "127.0.0.1", () => done(server)));
}

/* What of a page can be seen without looking at it. The debugger may run this where the page's own
   scripts may not. */
const LOOK = `(() => {
	const texts = [...document.querySelectorAll("svg text")];
	const outside = texts.filter(t => {
		const b = t.getBBox(), v = t.ownerSVGElement.viewBox.baseVal;
		return b.x < -1 || b.x + b.width > v.width + 1 || b.y < -1 || b.y + b.height > v.height + 1;
	});
	return {
		wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		charts: document.querySelectorAll("svg").length,
		text: texts.length ? getComputedStyle(texts[0]).fill : "",
		ink: getComputedStyle(document.body).color,
		ground: getComputedStyle(document.documentElement).backgroundColor,
		outside: outside.map(t => t.textContent),
		styled: getComputedStyle(document.querySelector("h1")).borderLeftStyle === "solid",
		scripts: document.scripts.length,
		handlers: [...document.querySelectorAll("*")].filter(e => [...e.attributes].some(a =>
			/^on/.test(a.name) || a.name === "style" || /^\\s*javascript:/i.test(a.value))).length,
		foreign: document.querySelectorAll("img, iframe, object, embed, link, script").length,
	};
})()`;

function expect(name, what, holds, seen) {
	if (!holds)
		faults.push(`${name}: ${what}: ${JSON.stringify(seen)}`);
}

async function look(browser, url, name, width, scheme, own_style) {
	const page = await browser.page();
	await page.size(width, 900);
	await page.media({ "prefers-color-scheme": scheme });
	await page.open(url);
	const seen = await page.eval(LOOK);
	expect(name, "charts", seen.charts > 0, seen.charts);
	expect(name, "words beyond a chart", !seen.outside.length, seen.outside);
	expect(name, "the page's ink in the charts", seen.text === seen.ink, [seen.text, seen.ink]);
	expect(name, "ink for " + scheme, scheme === "dark" ? seen.ink === "rgb(255, 255, 255)"
		: seen.ink === "rgb(0, 0, 0)", seen.ink);
	expect(name, "its style sheet", seen.styled === own_style, seen.styled);
	expect(name, "no scripts, handlers, styles or foreign parts",
		!seen.scripts && !seen.handlers && !seen.foreign, seen);
	if (own_style) {
		expect(name, "no wider than the window", seen.wide <= 0, seen.wide);
		expect(name, "errors", !page.errors.length, page.errors);
	}
	if (shots) {
		const height = await page.eval("document.documentElement.scrollHeight");
		await page.size(width, Math.min(height, 4000));
		await page.screenshot(path.join(shots, name + ".png"));
	}
}

(async () => {
	const server = await serve(), origin = `http://127.0.0.1:${server.address().port}`;
	const browser = await Browser.start();
	for (const scheme of ["light", "dark"])
		for (const width of [1280, 400]) {
			await look(browser, origin + "/own", `own-${scheme}-${width}`, width, scheme, true);
			await look(browser, origin + "/jenkins", `jenkins-${scheme}-${width}`, width, scheme, false);
		}
	await browser.stop();
	server.close();
	console.log(faults.join("\n") || "ok");
	process.exit(faults.length ? 1 : 0);
})().catch(e => {
	console.error(e);
	process.exit(1);
});
