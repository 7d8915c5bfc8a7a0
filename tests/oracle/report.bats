#!/usr/bin/env bats
# Side by side: made-up results.
# What is written of an outcome, read by programs that others wrote.

load ../integration/lib

setup() {
	cd "$BATS_TEST_TMPDIR"
	"$TEST_TOOLS/oracle/gen-outcome" out
}

@test "verdict.json is what its schema says" {
	"$PYTHON" - "$SRCDIR/share/schema/verdict.schema.json" out/*/verdict.json <<-'END'
	import json, sys, jsonschema
	schema = json.load(open(sys.argv[1]))
	jsonschema.Draft202012Validator.check_schema(schema)
	# Written here, it has no key that the schema does not know.
	def close(part):
	    if isinstance(part, dict):
	        if "properties" in part:
	            part["additionalProperties"] = False
	        for value in part.values():
	            close(value)
	    elif isinstance(part, list):
	        for value in part:
	            close(value)
	close(schema)
	validator = jsonschema.Draft202012Validator(schema)
	assert len(sys.argv) > 7
	for path in sys.argv[2:]:
	    verdict = json.load(open(path))
	    faults = [f"{path}: {e.json_path}: {e.message}" for e in validator.iter_errors(verdict)]
	    assert not faults, faults[:3]
	    verdict["verdict"] = "worse"
	    assert not validator.is_valid(verdict)
	END
}

@test "run/<id>.json is what its schema says" {
	"$PYTHON" - "$SRCDIR/share/schema/result.schema.json" out/*/run/*.json <<-'END'
	import json, sys, jsonschema
	schema = json.loads(open(sys.argv[1]).read().replace('"properties":',
	    '"additionalProperties": false, "properties":'))
	jsonschema.Draft202012Validator.check_schema(schema)
	validator = jsonschema.Draft202012Validator(schema)
	assert len(sys.argv) > 7
	for path in sys.argv[2:]:
	    result = json.load(open(path))
	    faults = [f"{path}: {e.json_path}: {e.message}" for e in validator.iter_errors(result)]
	    assert not faults, faults[:3]
	    assert path.endswith(f"/run/{result['id']}.json")
	    verdict = json.load(open(path.rsplit("/", 2)[0] + "/verdict.json"))
	    assert result["verdict"] == verdict["verdict"]
	    for w, v in zip(result["workloads"], verdict["workloads"], strict=True):
	        for m, x in zip(w["metrics"], v["metrics"], strict=True):
	            assert m["runs"] == sum(h is not None for h in x["values"]["head"])
	            assert m["head"] == x["head"] or abs(m["head"] / x["head"] - 1) < 1e-5
	            low, high = m["quartiles"] or (0, 0)
	            assert low <= high
	END
}

@test "junit.xml is what Jenkins' schema allows" {
	local run
	needs xmllint
	for run in out/*/; do
		xmllint --noout --schema "$SRCDIR/tests/oracle/junit.xsd" "$run/junit.xml"
	done
	# And the schema does refuse.
	sed 's/<testcase classname=/<testcase class=/' out/gate/junit.xml >bad.xml
	if xmllint --noout --schema "$SRCDIR/tests/oracle/junit.xsd" bad.xml; then
		false
	fi
}

@test "junit.xml: the sums are those of the cases, and each verdict has its element" {
	"$PYTHON" - out/*/junit.xml <<-'END'
	import sys, xml.etree.ElementTree as tree
	for path in sys.argv[1:]:
	    root = tree.parse(path).getroot()
	    suite = root[0]
	    for key, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
	        assert int(suite.get(key)) == len(suite.findall(f"testcase/{element}")), (path, key)
	    assert int(suite.get("tests")) == int(root.get("tests")) == len(suite.findall("testcase"))
	cases = {c.get("classname"): c for c in tree.parse("out/verdicts/junit.xml").iter("testcase")
	         if c.get("name") == "cpu"}
	# In mode warn nothing of it is a failure.
	kinds = {name: case[0].tag for name, case in cases.items()}
	assert kinds["regression"] == kinds["pass"] == kinds["improvement"] == "system-out", kinds
	assert kinds["inconclusive"] == kinds["no_baseline"] == kinds["untrusted"] == "skipped", kinds
	assert "no baseline" in cases["no_baseline"][0].get("message")
	runs = [c for c in tree.parse("out/verdicts/junit.xml").iter("testcase") if "runs of" in c.get("name")]
	assert [c[0].tag for c in runs] == ["error", "error"]
	assert [c[0].get("type") for c in runs] == ["crash", "timeout"]
	gate = {c.get("name"): c[0] for c in tree.parse("out/gate/junit.xml").iter("testcase")}
	assert gate["wall"].get("type") == "budget" and gate["wall"].get("message").startswith(
	    "wall 15.32 ms > 10 ms, exceeded by 53.2 % (5 ms x 2, CI)")
	END
}

@test "metrics.txt is OpenMetrics to Prometheus' own parser" {
	"$PYTHON" -c 'import prometheus_client' 2>/dev/null || skip "there is no prometheus_client for python3"
	"$PYTHON" - out/*/metrics.txt <<-'END'
	import sys
	from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
	for path in sys.argv[1:]:
	    families = {f.name: f for f in parse(open(path, encoding="utf-8").read())}
	    assert len(families) or "empty" in path, path
	    samples = [(s.name, tuple(sorted(s.labels.items()))) for f in families.values() for s in f.samples]
	    assert len(samples) == len(set(samples)), path
	gate = {f.name: f for f in parse(open("out/gate/metrics.txt", encoding="utf-8").read())}
	assert gate["profd_cpu_seconds"].unit == "seconds"
	assert {(s.labels["workload"], s.labels["side"]): s.value for s in gate["profd_cpu_seconds"].samples} == {
	    ("parse", "base"): 2.25, ("parse", "head"): 2.26, ("sort[1000]", "base"): .51, ("sort[1000]", "head"): .55}
	assert "profd_items_per_second" in gate
	hostile = [s for f in parse(open("out/hostile/metrics.txt", encoding="utf-8").read()) for s in f.samples]
	assert any("<script>" in s.labels.get("metric", "") for s in hostile)
	END
}

@test "the CSV files are tables, and no cell is a formula" {
	"$PYTHON" - out <<-'END'
	import csv, glob, sys
	for path in glob.glob(sys.argv[1] + "/*/*.csv"):
	    rows = list(csv.reader(open(path, encoding="utf-8", newline=""), strict=True))
	    assert len({len(row) for row in rows}) == 1, path
	    for row in rows[1:] if "plot" not in path else rows[:1]:
	        for cell in row[:3]:
	            assert cell[:1] not in tuple("=+@\t\r"), (path, cell)
	pairs = list(csv.DictReader(open(sys.argv[1] + "/gate/pairs.csv", encoding="utf-8", newline="")))
	assert len(pairs) == 4 * 20 + 11 and float(pairs[0]["base"]) > .4
	bench = list(csv.DictReader(open(sys.argv[1] + "/bench/pairs.csv", encoding="utf-8", newline="")))
	assert {p["base"] for p in bench} == {""}
	END
}

@test "Markdown: nothing hostile acts" {
	needs cmark-gfm
	local face
	for face in summary comment; do
		cmark-gfm -e table -e autolink -e strikethrough --unsafe out/hostile/$face.md >$face.html
		"$PYTHON" - $face.html <<-'END'
		import html.parser, sys
		class Look(html.parser.HTMLParser):
		    tags, depth = [], 0
		    def handle_starttag(self, tag, attributes):
		        self.tags.append(tag)
		        allowed = {"align", "start"}
		        assert {k for k, v in attributes} <= allowed, (tag, attributes)
		        self.depth += tag == "details"
		    def handle_endtag(self, tag):
		        self.depth -= tag == "details"
		        assert self.depth >= 0
		look = Look()
		text = open(sys.argv[1], encoding="utf-8").read()
		look.feed(text)
		known = {"h1", "h2", "h3", "h4", "p", "ul", "li", "strong", "code", "pre", "table", "thead", "tbody", "tr",
		         "th", "td", "details", "summary"}
		assert set(look.tags) <= known, set(look.tags) - known
		assert look.depth == 0 and "<td" in text
		for word in "&lt;script&gt;", "&lt;img src=x", "# heading":
		    assert word in text, word
		END
	done
	# The table has as many columns in each row: no name splits a cell.
	cmark-gfm -e table out/hostile/comment.md | awk '/<tr>/ { n = 0 } /<t[dh]/ { n++ } /<\/tr>/ { print n }' |
		sort | uniq -c | awk '$2 != 7 && $2 != 6 && $2 != 5 { exit 1 }'
}

@test "comment.md is small enough for GitHub, however much there is" {
	"$PYTHON" - out <<-'END'
	import copy, json, sys
	v = json.load(open("out/hostile/verdict.json", encoding="utf-8"))
	w = v["workloads"][0]
	v["workloads"] = []
	for i in range(2000):
	    x = copy.deepcopy(w)
	    x["name"] = f"{i} " + "|`<b>@x " * 300
	    v["workloads"].append(x)
	json.dump(v, open("many.json", "w", encoding="utf-8"))
	END
	"$PROFD" report --format comment many.json >comment.md
	"$PROFD" report --format md many.json >summary.md
	wc -c comment.md summary.md
	[ "$(wc -c <comment.md)" -le 65000 ]
	[ "$(wc -c <summary.md)" -le 900000 ]
	head -n 1 comment.md | grep -Eqx '<!-- profd:gate-[A-Za-z0-9]+ -->'
	[ "$(head -n 1 out/gate/comment.md)" = '<!-- profd:gate-quick -->' ]
	grep -Eq '^[0-9]+ more rows: see summary.md$' comment.md
	grep -Eq '^[0-9]+ more rows: see verdict.json$' summary.md
	tail -n 1 comment.md | grep -q '^profd '
}

@test "report.html in a browser: wide and narrow, light and dark, and as Jenkins serves it" {
	needs chromium
	needs node
	timeout 100 node "$SRCDIR/tests/browser/report.js" out/gate/report.html
	timeout 100 node "$SRCDIR/tests/browser/report.js" out/hostile/report.html
}

@test "report.html: its policy has the hash of its style sheet" {
	"$PYTHON" - out/gate/report.html <<-'END'
	import base64, hashlib, re, sys
	page = open(sys.argv[1], encoding="utf-8").read()
	style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
	digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
	assert f"'sha256-{digest}'" in page, digest
	END
}

@test "github-action-benchmark: its own reading of the arrays and of data.js" {
	needs node
	local run
	for run in out/*/; do
		node - "$run" <<-'END'
		const fs = require("fs"), assert = require("assert"), run = process.argv[2];
		global.window = {};
		new Function(fs.readFileSync(run + "/data.js", "utf8"))();
		const data = window.BENCHMARK_DATA;
		assert.equal(typeof data.lastUpdate, "number");
		assert.equal(typeof data.repoUrl, "string");
		for (const file of ["smaller", "bigger"]) {
			const benches = JSON.parse(fs.readFileSync(`${run}/benchmark-${file}.json`, "utf8"));
			assert(Array.isArray(benches));
			for (const b of benches) {
				assert.equal(typeof b.name, "string");
				assert.equal(typeof b.unit, "string");
				assert(Number.isFinite(b.value), b.name);
				/* What stands behind the sign has to be a number for it. */
				assert(Number.isFinite(Number(/^(?:\+-|±)\s*(\d.*)$/.exec(b.range)[1])), b.range);
			}
			const suite = data.entries[file === "bigger" ? "profd, bigger is better" : "profd"];
			assert.equal(Boolean(suite), benches.length > 0);
			if (!suite)
				continue;
			assert.deepEqual(suite[0].benches, benches);
			assert.equal(suite[0].tool, file === "bigger" ? "customBiggerIsBetter" : "customSmallerIsBetter");
			assert(suite[0].commit.id !== undefined && suite[0].date >= 0);
		}
		END
	done
}
