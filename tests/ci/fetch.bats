#!/usr/bin/env bats
# profd ci fetch: artifacts of stand-ins, some of them made to harm.

load ../integration/lib
load forge

setup() {
	cd "$BATS_TEST_TMPDIR"
	needs_remote
	[ -x "$BUILDDIR/profd-unzip" ] || skip "profd was built without libzip"
	mkdir -p forge
}

teardown() {
	exec 7>&- 8<&-
}

# zip_file NAME PYTHON: forge/NAME, made by lines that have z, a zipfile.ZipFile, and the modules.
zip_file() {
	"$PYTHON" - "forge/$1" <<-END
	import stat, sys, zipfile
	with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
	$(printf '%s\n' "$2" | sed 's/^/    /')
	END
}

RUNS='[{id: 30, sha: "'$OTHER'", branch: "main", pr: 9, artifacts: []},
	{id: 20, sha: "'$OTHER'", branch: "main", pr: 9, artifacts: [
		{id: 1, name: "profd-out", file: "a.zip"}, {id: 2, name: "coverage", file: "x.zip"},
		{id: 3, name: "../profd old", file: "a.zip"}, {id: 4, name: "profd-late", file: "x.zip", expired: true}]},
	{id: 10, sha: "'$SHA'", branch: "topic", pr: 7, artifacts: [{id: 5, name: "perf-profd", file: "b.zip"}]}]'

@test "the newest run of main that left any, and that of a pull request" {
	zip_file a.zip 'z.writestr("profd-out/run.json", "{}"); z.writestr("profd-out/w/head/cpu.folded", "a;b 1\n" * 9999)'
	zip_file b.zip 'z.writestr("verdict.json", "{}")'
	forge "{runs: $RUNS, pulls: [{number: 7, sha: \"$SHA\", branch: \"topic\"}]}"
	on_github push
	ci fetch
	[ "$status" = 0 ] || fail "$(cat err)"
	[ "$(cat out)" = "profd-fetched/profd-out
profd-fetched/_._profd_old" ]
	[ "$(wc -l <profd-fetched/profd-out/profd-out/w/head/cpu.folded)" = 9999 ]
	grep -q "2 artifacts of run 20, commit ${OTHER:0:12}" err
	[ "$(find profd-fetched -name '*.part' -o -name '.zip*' | wc -l)" = 0 ]
	# What is there is not written over.
	ci fetch
	[ "$status" = 2 ]
	grep -q "'profd-fetched/profd-out' exists" err
	ci fetch --pr 7 -o pull
	[ "$status" = 0 ]
	[ "$(cat out)" = pull/perf-profd ]
	[ -f pull/perf-profd/verdict.json ]
	# The pull request of the event.
	on_pull
	ci fetch -o event
	[ "$(cat out)" = event/perf-profd ]
	ci fetch --branch topic --artifact 'perf*' -o branch
	[ "$status" = 0 ]
	ci fetch --branch main --artifact 'nothing*' -o none
	[ "$status" = 2 ]
	grep -q "left an artifact like 'nothing\*'" err
	[ ! -e none ]
	forge_end
}

@test "the second workflow: the artifacts of the run that started it, then their comment" {
	"$TEST_TOOLS/oracle/gen-outcome" samples
	"$PYTHON" -c 'import zipfile; zipfile.ZipFile("forge/b.zip", "w").write("samples/gate/verdict.json", "verdict.json")'
	forge "{runs: $RUNS, pulls: [{number: 7, sha: \"$SHA\", branch: \"topic\", fork: true}]}"
	on_github workflow_run "$(jq -nc '{workflow_run: {id: 10, head_sha: "'$SHA'", head_branch: "topic",
		html_url: "https://github.com/owner/name/actions/runs/10", head_repository: {owner: {login: "stranger"}}}}')"
	ci fetch
	[ "$status" = 0 ] || fail "$(cat err)"
	[ "$(cat out)" = profd-fetched/perf-profd ]
	ci comment "$(cat out)"
	[ "$status" = 0 ] || fail "$(cat err)"
	grep -q 'pull request 7: comment written' err
	ci fetch --run 30
	[ "$status" = 2 ]
	grep -q "run 30 left no artifact" err
	ci fetch --run 30 --pr 7
	[ "$status" = 2 ]
	forge_end
}

@test "GitLab: the artifacts of a job, with the job's own token" {
	zip_file a.zip 'z.writestr("profd-out/run.json", "{}")'
	zip_file b.zip 'z.writestr("profd-out/verdict.json", "{}")'
	forge "{runs: $RUNS}"
	on_gitlab
	unset GITLAB_TOKEN
	export CI_JOB_TOKEN=$TOKEN
	ci fetch
	[ "$status" = 0 ] || fail "$(cat err)"
	[ -f profd-fetched/perf-profd/profd-out/verdict.json ]
	ci fetch --branch main --artifact profd-out -o main
	[ -f main/profd-out/profd-out/run.json ]
	forge_end
}

@test "archives that lead elsewhere, lie or blow up are refused, and leave nothing" {
	local name
	zip_file dots.zip 'z.writestr("ok", "1"); z.writestr("a/../../../evil", "1")'
	zip_file root.zip 'z.writestr("/evil", "1")'
	zip_file back.zip 'z.writestr("a\\..\\evil", "1")'
	zip_file link.zip 'i = zipfile.ZipInfo("l"); i.external_attr = (stat.S_IFLNK | 0o777) << 16; z.writestr(i, "/etc")'
	zip_file pipe.zip 'i = zipfile.ZipInfo("l"); i.external_attr = (stat.S_IFIFO | 0o777) << 16; z.writestr(i, "")'
	zip_file deep.zip 'z.writestr("d/" * 40 + "f", "1")'
	zip_file both.zip 'z.writestr("a", "1"); z.writestr("a/b", "1")'
	zip_file many.zip '[z.writestr(str(i), "") for i in range(50001)]'
	printf 'PK\3\4 not one' >forge/junk.zip
	: >forge/none.zip
	# Claims to be small, and is not; and is damaged.
	zip_file lies.zip 'z.writestr("f", b"\0" * 1000000)'
	"$PYTHON" - forge/lies.zip <<-'END'
	import struct, sys
	data = bytearray(open(sys.argv[1], "rb").read())
	at = data.rindex(b"PK\1\2")
	data[at + 24:at + 28] = struct.pack("<I", 10)
	data[22:26] = struct.pack("<I", 10)
	open(sys.argv[1], "wb").write(data)
	END
	zip_file bomb.zip 'z.writestr("f", "")'
	"$PYTHON" - forge/bomb.zip <<-'END'
	import struct, sys
	data = bytearray(open(sys.argv[1], "rb").read())
	at = data.rindex(b"PK\1\2")
	data[at + 24:at + 28] = struct.pack("<I", 0xfffffff0)
	open(sys.argv[1], "wb").write(data)
	END
	forge "{runs: [[\"dots\", \"root\", \"back\", \"link\", \"pipe\", \"deep\", \"both\", \"many\", \"junk\", \"none\", \"lies\", \"bomb\"] as \$n |
		range(12) as \$i | {id: (\$i + 1), sha: \"$SHA\", branch: \$n[\$i],
			artifacts: [{id: (\$i + 1), name: (\"profd-\" + \$n[\$i]), file: (\$n[\$i] + \".zip\")}]}]}"
	on_github push
	for name in dots root back link pipe deep both many junk none lies bomb; do
		ci fetch --branch "$name" -o "got"
		[ "$status" = 2 ] || fail "$name was unpacked: $(find got)"
		grep -q "artifact 'profd-$name': " err || fail "$name: $(cat err)"
		[ "$(find got -mindepth 1 | wc -l)" = 0 ] || fail "$name left $(find got)"
		[ ! -e evil ] && [ ! -e ../evil ]
	done
	forge_end
}

@test "a download goes to another host without the token, and nowhere that is not https" {
	zip_file a.zip 'z.writestr("f", "1")'
	forge "{runs: [{id: 1, sha: \"$SHA\", branch: \"main\", artifacts: [
		{id: 1, name: \"profd\", file: \"a.zip\", to: \"http://storage.example/a.zip\"}]},
		{id: 2, sha: \"$SHA\", branch: \"loop\", artifacts: [
		{id: 3, name: \"profd\", file: \"a.zip\", to: \"/repos/owner/name/actions/artifacts/3/zip\"}]},
		{id: 4, sha: \"$SHA\", branch: \"file\", artifacts: [
		{id: 5, name: \"profd\", file: \"a.zip\", to: \"file:///etc/passwd\"}]}]}"
	on_github push
	for name in main loop file; do
		ci fetch --branch "$name"
		[ "$status" = 2 ]
		grep -q 'redirects to where nobody goes' err
	done
	ci fetch --pr 1 --branch x
	[ "$status" = 2 ]
	ci fetch word
	[ "$status" = 2 ]
	forge_end
}

@test "an interrupted download is made again from its begin" {
	zip_file a.zip 'z.writestr("profd-out/run.json", "{}")'
	forge "{runs: $RUNS, trouble: [{method: \"GET\", path: \"zip$\", times: 2, what: 502},
		{method: \"GET\", path: \"zip$\", times: 2, what: \"drop\"}]}"
	on_github push
	ci fetch --artifact profd-out
	[ "$status" = 0 ]
	[ "$(cat profd-fetched/profd-out/profd-out/run.json)" = '{}' ]
	forge_end
}
