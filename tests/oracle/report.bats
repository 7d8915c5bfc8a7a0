#!/usr/bin/env bats
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
