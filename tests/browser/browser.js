/* A headless Chromium that is driven through its debugging pipe, without any package: pages, keys, the
   mouse, screenshots. For the tests in this folder and tests/bench/viewer.js. */
"use strict";
const child = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

const KEY_CODES = { Enter: 13, Escape: 27, Tab: 9, Backspace: 8, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39,
	ArrowDown: 40, Home: 36, End: 35, " ": 32, F10: 121, ContextMenu: 93 };

class Browser {
	static async start(options) {
		const b = new Browser(), o = Object.assign({ program: "chromium", size: "1280,900", flags: [] }, options);
		b.profile = fs.mkdtempSync(path.join(process.env.BATS_TEST_TMPDIR || os.tmpdir(), "chromium-"));
		b.process = child.spawn(o.program, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--disable-background-networking", "--no-first-run", "--remote-debugging-pipe", "--hide-scrollbars",
			"--user-data-dir=" + b.profile, "--window-size=" + o.size, ...o.flags, "about:blank"],
		{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
		b.waiting = new Map();
		b.listeners = [];
		b.last = 0;
		let rest = Buffer.alloc(0);
		b.process.stdio[4].on("data", data => {
			rest = Buffer.concat([rest, data]);
			for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1))
				b.receive(JSON.parse(rest.subarray(0, end).toString("utf8")));
		});
		b.process.on("exit", () => {
			for (const w of b.waiting.values())
				w.reject(new Error("the browser is gone"));
		});
		return b;
	}
	receive(m) {
		if (m.id === undefined) {
			this.listeners.forEach(l => l(m));
			return;
		}
		const w = this.waiting.get(m.id);
		this.waiting.delete(m.id);
		if (m.error)
			w.reject(new Error(w.method + ": " + m.error.message));
		else
			w.resolve(m.result);
	}
	send(method, params, sessionId) {
		const id = ++this.last;
		return new Promise((resolve, reject) => {
			this.waiting.set(id, { resolve, reject, method });
			this.process.stdio[3].write(JSON.stringify({ id, method, params: params || {}, sessionId }) + "\0");
		});
	}
	async page() {
		const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
		const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
		const page = new Page(this, sessionId);
		await page.send("Page.enable");
		await page.send("Runtime.enable");
		await page.send("Log.enable");
		return page;
	}
	async stop() {
		await this.send("Browser.close").catch(() => {});
		await new Promise(done => this.process.exitCode === null ? this.process.on("exit", done) : done());
		fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 20 });
	}
}

class Page {
	constructor(browser, session) {
		this.browser = browser;
		this.session = session;
		this.errors = [];
		browser.listeners.push(m => {
			if (m.sessionId !== session)
				return;
			if (m.method === "Runtime.exceptionThrown")
				this.errors.push(m.params.exceptionDetails.exception?.description || m.params.exceptionDetails.text);
			else if (m.method === "Log.entryAdded" && m.params.entry.level === "error")
				this.errors.push(m.params.entry.text);
			else if (m.method === "Page.javascriptDialogOpening")
				this.errors.push("a dialog: " + m.params.message);
		});
	}
	send(method, params) { return this.browser.send(method, params, this.session); }
	event(method) {
		return new Promise(resolve => {
			const listener = m => {
				if (m.sessionId !== this.session || m.method !== method)
					return;
				this.browser.listeners = this.browser.listeners.filter(l => l !== listener);
				resolve(m.params);
			};
			this.browser.listeners.push(listener);
		});
	}
	async open(url) {
		const loaded = this.event("Page.loadEventFired");
		await this.send("Page.navigate", { url });
		await loaded;
	}
	async size(width, height, scale) {
		await this.send("Emulation.setDeviceMetricsOverride",
			{ width, height, deviceScaleFactor: scale || 1, mobile: false });
	}
	async media(features) {
		await this.send("Emulation.setEmulatedMedia",
			{ features: Object.entries(features).map(([name, value]) => ({ name, value })) });
	}
	async eval(expression) {
		/* What hangs shall say where. */
		const late = setTimeout(() => { throw new Error("no answer: " + expression); }, 60000);
		const r = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
		clearTimeout(late);
		if (r.exceptionDetails)
			throw new Error(r.exceptionDetails.exception?.description || r.exceptionDetails.text);
		return r.result.value;
	}
	/* Until it is true: looked at once for every frame that the page draws. */
	async until(condition) {
		await this.eval(`new Promise(done => {
			function look() { if (${condition}) done(true); else requestAnimationFrame(look); }
			look();
		})`);
	}
	async ready() { await this.until("document.documentElement.classList.contains('live')"); }
	async frames(n) {
		await this.eval(`new Promise(done => {
			let left = ${n || 2};
			(function look() { left-- ? requestAnimationFrame(look) : done(); })();
		})`);
	}
	async key(key, modifiers) {
		const code = KEY_CODES[key] || (/^\w$/.test(key) ? key.toUpperCase().charCodeAt(0) : 0), flags = modifiers || 0;
		const text = key.length === 1 && !(flags & 7) ? key : key === "Enter" ? "\r" : undefined;
		const common = { key, windowsVirtualKeyCode: code, modifiers: flags };
		await this.send("Input.dispatchKeyEvent", Object.assign({ type: text ? "keyDown" : "rawKeyDown", text }, common));
		await this.send("Input.dispatchKeyEvent", Object.assign({ type: "keyUp" }, common));
	}
	async type(text) {
		for (const c of text)
			await this.key(c);
	}
	async mouse(type, x, y, more) {
		await this.send("Input.dispatchMouseEvent", Object.assign({ type, x, y, button: "none" }, more));
	}
	async click(x, y, more) {
		const button = Object.assign({ button: "left", clickCount: 1 }, more);
		await this.mouse("mouseMoved", x, y);
		await this.mouse("mousePressed", x, y, button);
		await this.mouse("mouseReleased", x, y, button);
	}
	async click_on(selector, text) {
		const r = await this.eval(`(() => {
			const e = [...document.querySelectorAll(${JSON.stringify(selector)})].find(e => e.getClientRects().length &&
				(!${JSON.stringify(text || "")} || e.textContent.includes(${JSON.stringify(text || "")})));
			if (!e) return null;
			e.scrollIntoView({ block: "nearest" });
			const r = e.getBoundingClientRect();
			return { x: r.left + r.width / 2, y: r.top + r.height / 2 };
		})()`);
		if (!r)
			throw new Error("there is no " + selector + (text ? " with '" + text + "'" : ""));
		await this.click(r.x, r.y);
	}
	async screenshot(file, full) {
		const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: Boolean(full) });
		fs.writeFileSync(file, Buffer.from(data, "base64"));
	}
}

module.exports = { Browser, Page };
