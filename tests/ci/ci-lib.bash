# A repository for pipelines to run in, and the events of GitHub. For tests that have loaded
# ../integration/lib.

# make_repository FOLDER: main, with a program whose work is set when it is built, and topic, which
# needs three times as much. The work is small and the change large, so that a busy machine does
# not change what is found.
make_repository() {
	git init -q -b main "$1"
	cd "$1"
	git config user.name a
	git config user.email a@b.example
	git config uploadpack.allowAnySHA1InWant true
	cat >work.c <<-'END'
	int main(void)
	{
		unsigned x = 1;
		for (long i = 0; i < FACTOR * 4000000L; i++)
			x = (x * 1664525u + 1013904223u) ^ x >> 3;
		return x == 42;
	}
	END
	cat >.profd.yml <<-'END'
	profd: 1
	build: make
	pairs: {max: 20}
	workloads:
	  - name: work
	    command: [./work]
	    timeout: 20s
	    runs: 2
	    tiers: {weekly: {runs: 4}}
	    metrics:
	      cpu: {threshold: 50%}
	      wall: {policy: off}
	END
	printf 'work: work.c\n\tgcc -O1 -g -DFACTOR=1 -o $@ $<\n' >Makefile
	printf 'work\nprofd-out/\n' >.gitignore
	git add -A
	git commit -q -m 'First'
	echo notes >NOTES
	git add -A
	git commit -q -m 'Notes'
	git checkout -q -b topic
	sed -i 's/FACTOR=1/FACTOR=3/' Makefile
	git commit -q -a -m 'Slower'
	git checkout -q main
	# What GitHub makes of a pull request: its merge with main.
	git merge -q --no-ff -m 'Merge' topic
	git update-ref refs/pull/7/merge HEAD
	git reset -q --hard HEAD^1
}

# github_event NAME [JQ-FILTER]: writes event.json, an event of the repository in $repo; pull requests
# are of topic.
github_event() {
	local head main
	head=$(git -C "$repo" rev-parse topic)
	main=$(git -C "$repo" rev-parse main)
	jq -n --arg name "$1" --arg head "$head" --arg main "$main" \
		--arg merge "$(git -C "$repo" rev-parse refs/pull/7/merge)" '
		{name: $name, ref: "refs/heads/main", sha: $main, changed: ["work.c"],
		 payload: {repository: {full_name: "us/ours", default_branch: "main"}, sender: {login: "a"}}} |
		if $name == "pull_request" then
			.ref = "refs/pull/7/merge" | .sha = $merge |
			.payload += {action: "opened", number: 7, pull_request: {number: 7, labels: [],
				head: {sha: $head, ref: "topic", repo: {full_name: "us/ours"}},
				base: {sha: $main, ref: "main", repo: {full_name: "us/ours"}}}}
		elif $name == "push" then
			.payload += {ref: "refs/heads/main", before: $main, after: $main,
				head_commit: {id: $main, message: "Notes"},
				commits: [{id: $main, message: "Notes"}]}
		elif $name == "issue_comment" then
			.payload += {action: "created", comment: {body: "/profd", author_association: "MEMBER",
				user: {login: "b"}},
				issue: {number: 7, pull_request: {url: "https://api.github.com/x"}, labels: []}}
		elif $name == "schedule" then .payload += {schedule: "17 3 * * *"}
		elif $name == "workflow_dispatch" then .payload += {inputs: {tier: "weekly"}, ref: "refs/heads/main"}
		else . end | '"${2:-.}" >event.json
}
