#!/usr/bin/env bats
# perf as an oracle: both record the same run of the same program, and the functions' own shares
# agree within the error of counting.

load ../integration/lib

# One run of both; compares. 3 standard errors of the difference of two shares, for each of
# about nine functions: by chance alone a round fails once in some 40, two rounds in a row once
# in 1,700.
one_round() {
	rm -rf shares perf.data
	# Events of whole CPUs that ask for build-ids, as profd's do, make Linux 6.18 mark the records of
	# others as having one, too, and perf dies of that; inherited events come after perf's.
	perf record -q -a -e cpu-clock -F 999 -g -o perf.data -- \
		"$PROFD" record -q --annotate --reach inherit -F 999 -o shares -- "$program" 3600 >shares.out
	compare
}

# Likewise, of a process that ran before both.
one_attached_round() {
	rm -rf shares perf.data go
	mkfifo go
	sh -c "read x <go; exec '$program' 3600" >shares.out 3>&- &
	pid=$!
	# Each one's command says how long it records; the inner one, that all is set. perf's events come
	# later than profd's and are told first, without a mark that is for others.
	"$PROFD" record -q --annotate -F 999 -o shares -p "$pid" -- \
		perf record -q -p "$pid" -e cpu-clock -F 999 -g -o perf.data -- sh -c "
			echo go >go
			until grep -q '^State:.*Z' /proc/$pid/status; do sleep 0.1; done"
	wait "$pid"
	compare
}

# perf.data and the folder shares.
compare() {
	perf script -i perf.data -F comm,pid,ip,sym >perf.txt 2>perf.err
	"$PYTHON" - perf.txt shares/cpu.folded shares/run.json <<-'END'
	import json, math, re, sys

	# perf script: a line "comm pid", then the chain, innermost first, then an empty line.
	perf, comm, fresh = {}, None, False
	for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
	    if re.match(r"\S", line):
	        comm, fresh = line.split()[0], True
	    elif line.strip() and fresh and comm == "shares":
	        name = line.split(None, 1)[1].strip()
	        perf[name] = perf.get(name, 0) + 1
	        fresh = False
	period = 1e9 / 999
	mine = {}
	for line in open(sys.argv[2], encoding="utf-8"):
	    stack, weight = line.rsplit(" ", 1)
	    frames = stack.split(";")
	    if frames[0] == "shares":
	        name = re.sub(r"_\[[a-z]\]$", "", frames[-1])
	        mine[name] = mine.get(name, 0) + int(weight) / period
	quality = json.load(open(sys.argv[3]))["quality"]
	n1, n2 = sum(perf.values()), sum(mine.values())
	print(f"{n1} samples of perf's, {n2:.0f} of profd's, {quality['samples']} by its own count")
	assert n1 >= 3000 and n2 >= 3000, "too few samples"
	assert abs(n2 - quality["samples"]) <= 0.02 * n2 + 5, "weights do not add up to the samples"
	bad = compared = 0
	for name in sorted(set(perf) | set(mine)):
	    p1, p2 = perf.get(name, 0) / n1, mine.get(name, 0) / n2
	    p = (perf.get(name, 0) + mine.get(name, 0)) / (n1 + n2)
	    if max(p1, p2) < 0.01:
	        continue
	    error = math.sqrt(p * (1 - p) * (1 / n1 + 1 / n2))
	    off = abs(p1 - p2) / error
	    compared += 1
	    bad += off > 3
	    print(f"{name}: perf {100 * p1:.2f} %, profd {100 * p2:.2f} %: {off:.1f} standard errors")
	assert compared >= 7, "the workload's functions are not there"
	sys.exit(bad > 0)
	END
}

@test "perf and profd agree on where the time goes" {
	needs perf
	needs_root # perf record -a
	cd "$BATS_TEST_TMPDIR"
	build shares shares.c
	one_round || one_round
}

@test "perf and profd agree on a process that they attach to" {
	needs perf
	needs_root
	cd "$BATS_TEST_TMPDIR"
	build shares shares.c
	one_attached_round || one_attached_round
}

@test "C++ functions stand in folded stacks as perf names them" {
	needs perf
	cd "$BATS_TEST_TMPDIR"
	cat >names.cc <<-'END'
		#define FN __attribute__((noinline))
		static void burn(unsigned long n)
		{
			for (volatile unsigned long i = 0; i < n; i++)
				;
		}
		namespace app {
		struct Job {
			FN void run(int n) const { burn((unsigned long)n * 1000); asm(""); }
			FN void run(long n) const { run((int)n); asm(""); }
			FN unsigned operator()(unsigned n) const { run((long)n); asm(""); return n; }
		};
		namespace {
		template <typename T, int N> FN T each(const Job &job, T *list)
		{
			T sum = 0;
			for (int i = 0; i < N; i++)
				sum += job(list[i]);
			return sum;
		}
		}
		}
		int main()
		{
			unsigned list[4] = {80000, 80000, 80000, 80000};
			auto outer = [&](const app::Job &job) FN { unsigned n = app::each<unsigned, 4>(job, list); asm(""); return n; };
			return outer(app::Job()) == 0;
		}
	END
	g++ -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -o names names.cc
	perf record -q -e cpu-clock -F 999 -g -o names.data -- ./names
	perf script -i names.data -F ip,sym >names.perf 2>perf.err
	"$PROFD" record -q -F 999 -o names.out -- ./names
	grep -o '[^ ]*app::.*' names.perf | sort -u >wanted
	grep '^names;' names.out/cpu.folded | sed 's/ [0-9]*$//' | tr ';' '\n' | grep app:: | sort -u >made
	cat made
	[ "$(wc -l <made)" -ge 4 ] || fail "too few functions"
	diff wanted made
}
