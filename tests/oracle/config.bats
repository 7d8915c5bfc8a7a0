#!/usr/bin/env bats
# Side by side: nothing runs.
# share/schema/profd.schema.json is the contract of .profd.yml: python3-jsonschema judges by it, and
# profd has to be of the same mind.

load ../integration/lib

@test "the schema takes the good files and refuses the bad ones" {
	"$PYTHON" "$SRCDIR/tests/oracle/check-config" corpus
}

@test "profd and the schema agree on files that dice made" {
	"$PYTHON" "$SRCDIR/tests/oracle/check-config" mutants 800
}

@test "every key of the schema has a description" {
	"$PYTHON" - "$SRCDIR/share/schema/profd.schema.json" <<-'END'
	import json, sys
	schema = json.load(open(sys.argv[1]))
	seen = 0
	def resolve(part):
	    return schema["$defs"][part["$ref"].split("/")[-1]] if "$ref" in part else {}
	def look(part, at):
	    global seen
	    if isinstance(part, list):
	        for i, p in enumerate(part):
	            look(p, f"{at}[{i}]")
	    if not isinstance(part, dict):
	        return
	    for key, value in part.get("properties", {}).items():
	        if not isinstance(value, dict) or "const" in value and at.endswith("[1]"):
	            continue # what a metric of the process may not have
	        seen += 1
	        assert "description" in value or "description" in resolve(value), f"{at}.{key}"
	    for key, value in part.items():
	        look(value, f"{at}.{key}")
	look(schema, "")
	assert seen > 60, seen
	END
}
