/* Unpacks the viewer and its data and starts it. Where that fails the page stays as it is. */
(function () {
	"use strict";
	function bytes_of(id) {
		var s = document.getElementById(id).textContent;
		if (Uint8Array.fromBase64)
			return Uint8Array.fromBase64(s);
		var raw = atob(s), bytes = new Uint8Array(raw.length);
		for (var i = 0; i < bytes.length; i++)
			bytes[i] = raw.charCodeAt(i);
		return bytes;
	}
	function unpacked(id) {
		var stream = new Blob([bytes_of(id)]).stream();
		return new Response(stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
	}
	function failed(why) {
		var p = document.createElement("p");
		p.setAttribute("role", "status");
		p.textContent = "The interactive viewer did not start, this is the still page: " + why;
		document.documentElement.classList.remove("starts");
		document.getElementById("app").replaceChildren(p);
	}
	/* What will go away is not drawn first. */
	if (self.DecompressionStream)
		document.documentElement.classList.add("starts");
	document.addEventListener("DOMContentLoaded", function () {
		if (!self.DecompressionStream) {
			failed("this browser has no DecompressionStream.");
			return;
		}
		Promise.all([unpacked("code"), unpacked("data")]).then(function (got) {
			var script = document.createElement("script");
			self.profd = { data: got[1], failed: failed };
			script.textContent = new TextDecoder().decode(got[0]);
			document.head.appendChild(script);
		}).catch(function (e) { failed(e.message); });
	});
})();
