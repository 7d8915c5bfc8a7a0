/* How long a viewer takes to open and to zoom, in a headless Chromium: viewer.js WHAT URL [REPEATS]
prints JSON, a list of {open_ms, frames_ms} with one entry for each repeat.

	profd		index.html: until its first frame is drawn; then zooms in and out
	speedscope	speedscope's page with a profile in its fragment: until it shows it
	svg		a picture: until the browser has loaded and painted it

open_ms counts from the start of the navigation. frames_ms: the time from each frame that was drawn
while zooming to the next. */
"use strict";
const path = require("path");
const { Browser } = require(path.join(__dirname, "../browser/browser.js"));

const READY = {
	profd: "performance.getEntriesByName('profd-drawn').length",
	speedscope: "/ - speedscope$/.test(document.title) && document.querySelector('canvas')",
	svg: "performance.getEntriesByName('first-contentful-paint').length || document.readyState === 'complete'"
};

/* Zooms to large boxes of every level and back, and notes when frames come. */
const ZOOM = `(async () => {
	const canvas = document.querySelector("canvas.flame"), list = profd.boxes().filter(b => b.depth > 2 && b.width > 20);
	const step = Math.max(1, Math.floor(list.length / 12)), ms = [];
	const frame = () => new Promise(done => requestAnimationFrame(done));
	for (let i = 0; i < list.length; i += step) {
		for (const b of [list[i], null]) {
			if (b)
				canvas.dispatchEvent(new MouseEvent("click", { clientX: b.x + Math.min(5, b.width / 2), clientY: b.y + 5 }));
			else
				document.querySelector("button.reset")?.click();
			let before = await frame();
			for (const end = before + 200; before < end;) {
				const now = await frame();
				ms.push(now - before);
				before = now;
			}
		}
	}
	return ms;
})()`;

async function main() {
	const [what, url, repeats] = process.argv.slice(2), results = [];
	const browser = await Browser.start({ program: process.env.CHROMIUM || "chromium" });
	try {
		for (let i = 0; i < Number(repeats || 1); i++) {
			const page = await browser.page();
			await page.size(1280, 900, 1);
			await page.send("Page.addScriptToEvaluateOnNewDocument", { source: `(function look() {
				if (${READY[what]}) self.opened_ms = performance.now(); else requestAnimationFrame(look);
			})();` });
			await page.open(url);
			await page.until("self.opened_ms");
			const open_ms = await page.eval(what === "profd" ? "performance.getEntriesByName('profd-drawn')[0].startTime"
				: what === "svg" ? "Math.max(performance.timing.loadEventEnd - performance.timing.navigationStart, ...performance.getEntriesByType('paint').map(e => e.startTime))"
					: "self.opened_ms");
			results.push({ open_ms, frames_ms: what === "profd" ? await page.eval(ZOOM) : [] });
			await page.send("Page.close");
		}
	} finally {
		await browser.stop();
	}
	console.log(JSON.stringify({ results }));
}
main().catch(e => {
	console.error(e);
	process.exit(1);
});
