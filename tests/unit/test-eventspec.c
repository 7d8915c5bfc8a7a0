/* Event names: the list's grammar, and what each name becomes.
 *
 * The encodings of three processors are compared with tables transcribed from the
 * vendors' own documents, not from libpfm4, which has to agree:
 *
 * - Intel 64 and IA-32 Architectures Software Developer's Manual, Volume 3, order number
 *   325384-059US (June 2016): section 18.2.1.1 (layout of IA32_PERFEVTSELx), section
 *   19.1, Table 19-1 (architectural events), section 19.2, Table 19-3 (Skylake). Four
 *   rows of Table 19-3 were corrected by Intel's later list for the same processors,
 *   "Performance Monitoring Events for 6th Generation Intel Core Processor", V59 of April
 *   2024; they are marked.
 * - Processor Programming Reference (PPR) for AMD Family 17h Model 31h, 55803 Rev 0.54
 *   (Zen 2), and for AMD Family 19h Model 11h, 55901 Rev 0.25 (Zen 4), "Core Performance
 *   Monitor Counters"; the number of an event is that of its section, PMCxNNN. The layout
 *   of PERF_CTL is that of MSRC001_020[0..A] in the same documents.
 *
 * Encoding needs no PMU: libpfm4 is told which one to assume, in a process of its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/perf_event.h>

#include <profd/eventspec.h>
#include <profd/mem.h>
#include <profd/text.h>

/* --- distances ---------------------------------------------------------------------- */

static void test_distance(void **state)
{
	char longer[TEXT_WORD_MAX_BYTES + 2];

	assert_int_equal(text_distance("", "", 3), 0);
	assert_int_equal(text_distance("cycles", "cycles", 3), 0);
	assert_int_equal(text_distance("cpu-clock", "CPU_CLOCK", 3), 0);
	assert_int_equal(text_distance("cycls", "cycles", 3), 1);
	assert_int_equal(text_distance("cyclse", "cycles", 3), 1); /* a swap */
	assert_int_equal(text_distance("kitten", "sitting", 9), 3);
	assert_int_equal(text_distance("ca", "abc", 9), 3); /* no edits inside a swap */
	assert_int_equal(text_distance("kitten", "sitting", 2), 3); /* max + 1 */
	assert_int_equal(text_distance("a", "abcdefgh", 3), 4);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(text_distance(longer, longer, 5), 6);
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"cpu-cycles", "instructions", "cycles",
					    "ref-cycles", "Cycles",	  "bus-cycles"};
	struct text_nearest near;

	text_nearest_init(&near, "cylces");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		text_nearest_offer(&near, words[i]);
	assert_int_equal(near.n, 1);
	assert_string_equal(near.best[0].word, "cycles");
	text_nearest_init(&near, "cycle");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		text_nearest_offer(&near, words[i]);
	assert_int_equal(near.n, 3);
	assert_string_equal(near.best[0].word, "cycles");
	assert_string_equal(near.best[1].word, "cpu-cycles");
	text_nearest_init(&near, "zzzzzzz");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		text_nearest_offer(&near, words[i]);
	assert_int_equal(near.n, 0);
}

/* --- grammar ------------------------------------------------------------------------ */

static void test_lists_and_groups(void **state)
{
	struct eventlist l = {0};
	struct error err = {0};

	assert_int_equal(eventlist_parse(&l, "cycles,{faults,cs}:u,page-faults", &err),
			 0);
	assert_int_equal(eventlist_parse(&l, "{dummy}", &err), 0);
	assert_int_equal(l.n, 5);
	assert_int_equal(l.ngroups, 2);
	assert_int_equal(l.v[0].group, 0);
	assert_int_equal(l.v[1].group, 1);
	assert_int_equal(l.v[2].group, 1);
	assert_int_equal(l.v[3].group, 0);
	assert_int_equal(l.v[4].group, 2);
	assert_string_equal(l.v[1].name, "faults");
	assert_string_equal(l.v[1].text, "faults:u");
	assert_true(l.v[2].user);
	assert_false(l.v[3].user);
	eventlist_done(&l);
	assert_int_equal(l.n, 0);
}

static void test_modifiers(void **state)
{
	struct eventlist l = {0};
	struct error err = {0};

	assert_int_equal(eventlist_parse(&l,
					 "skl::MEM_LOAD_RETIRED:L1_MISS:upp,cycles:k:h:p,"
					 "cpu-clock:period=100000:u,sched:sched_switch:"
					 "freq=7,X:K:P:c=1",
					 &err),
			 0);
	assert_string_equal(l.v[0].name, "skl::MEM_LOAD_RETIRED:L1_MISS");
	assert_true(l.v[0].user && !l.v[0].kernel && !l.v[0].hv);
	assert_int_equal(l.v[0].precise, 2);
	assert_true(!l.v[1].user && l.v[1].kernel && l.v[1].hv);
	assert_int_equal(l.v[1].precise, 1);
	assert_int_equal(l.v[2].period, 100000);
	assert_true(l.v[2].user);
	assert_string_equal(l.v[3].name, "sched:sched_switch");
	assert_string_equal(l.v[0].label, "skl::MEM_LOAD_RETIRED:L1_MISS:upp");
	assert_string_equal(l.v[1].label, "cycles:khp");
	assert_string_equal(l.v[2].label, "cpu-clock:u");
	assert_string_equal(l.v[3].label, "sched:sched_switch");
	assert_int_equal(l.v[3].hz, 7);
	/* capitals and libpfm4's attributes are not ours */
	assert_string_equal(l.v[4].name, "X:K:P:c=1");
	eventlist_done(&l);
}

static void test_refused_lists(void **state)
{
	static const char *const bad[] = {
		"",
		",",
		"a,",
		",a",
		"a,,b",
		"{",
		"{}",
		"{a",
		"{a,}",
		"a}",
		"{a,{b}}",
		"{a}b",
		"{a}:x",
		"{a}:",
		"a b",
		"a\tb",
		"a\nb",
		"\xff\xfe",
		"cycles:uu",
		"cycles:pppp",
		"cycles:u:period=0",
		"cycles:period=",
		"cycles:period=-1",
		"cycles:period=1e9",
		"cycles:period=18446744073709551615",
		"cycles:period=1099511627777",
		"cycles:period=5:freq=5",
		"cycles:freq=99999999999",
		"cpu/event=1/",
		"a;b",
		"a'b",
		"$(a)",
		"a{b",
		"cycles:p:pp",
		":u",
		"{:u}",
	};
	struct eventlist l = {0};
	char longer[EVENTLIST_TEXT_MAX_BYTES + 2];

	assert_int_equal(eventlist_parse(&l, "dummy", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		if (eventlist_parse(&l, bad[i], &err) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(err.code, -EINVAL);
		assert_true(err.text[0] && err.hint[0]);
		assert_true(text_is_clean(err.text, strlen(err.text)));
		assert_int_equal(l.n, 1); /* nothing of it stays */
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(eventlist_parse(&l, longer, NULL), -E2BIG);
	longer[EVENTSPEC_NAME_MAX_BYTES + 1] = '\0';
	assert_int_equal(eventlist_parse(&l, longer, NULL), -E2BIG);
	for (int i = 1; i < EVENTLIST_MAX; i++)
		assert_int_equal(eventlist_parse(&l, "dummy", NULL), 0);
	assert_int_equal(eventlist_parse(&l, "dummy", NULL), -E2BIG);
	eventlist_done(&l);
}

/* --- names of the kernel ------------------------------------------------------------ */

/* One event in, encoded; the code out. */
static int encode(const char *name, struct eventspec *ret, struct error *err)
{
	struct eventlist l = {0};
	int code = eventlist_parse(&l, name, err);

	if (code == 0)
		code = eventlist_encode(&l, err);
	if (l.n)
		*ret = l.v[0];
	ret->name = ret->text = ret->label = NULL;
	eventlist_done(&l);
	return code;
}

static void test_software(void **state)
{
	/* linux/perf_event.h, enum perf_sw_ids; names as perf-list(1) has them */
	static const struct {
		const char *name;
		uint64_t config;
	} t[] = {
		{"cpu-clock", 0},      {"task-clock", 1},	{"page-faults", 2},
		{"faults", 2},	       {"context-switches", 3}, {"cs", 3},
		{"cpu-migrations", 4}, {"migrations", 4},	{"minor-faults", 5},
		{"major-faults", 6},   {"alignment-faults", 7}, {"emulation-faults", 8},
		{"dummy", 9},	       {"bpf-output", 10},	{"cgroup-switches", 11},
		{"Page-Faults", 2},
	};
	struct eventspec e;
	struct error err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(encode(t[i].name, &e, &err), 0);
		assert_int_equal(e.type, PERF_TYPE_SOFTWARE);
		assert_int_equal(e.config, t[i].config);
		assert_int_equal(e.kind,
				 t[i].config < 2 ? EVENTSPEC_CLOCK : EVENTSPEC_SOFTWARE);
		assert_false(e.exclude_user || e.exclude_kernel || e.exclude_hv);
	}
	assert_int_equal(encode("page-faults:u", &e, &err), 0);
	assert_true(!e.exclude_user && e.exclude_kernel && e.exclude_hv);
	assert_int_equal(encode("page-faults:k", &e, &err), 0);
	assert_true(e.exclude_user && !e.exclude_kernel && e.exclude_hv);
	assert_int_equal(encode("page-faults:uk", &e, &err), 0);
	assert_true(!e.exclude_user && !e.exclude_kernel && e.exclude_hv);
	assert_int_equal(encode("page-faults:p", &e, &err), -EINVAL);
	assert_non_null(strstr(err.text, "precise"));
}

static void test_raw(void **state)
{
	struct eventspec e;
	struct error err = {0};

	assert_int_equal(encode("r1a8:u", &e, &err), 0);
	assert_int_equal(e.type, PERF_TYPE_RAW);
	assert_int_equal(e.config, 0x1a8);
	assert_true(e.exclude_kernel && !e.exclude_user);
	assert_int_equal(encode("rFfFfFfFfFfFfFfFf:ppp", &e, &err), 0);
	assert_true(e.config == UINT64_MAX);
	assert_int_equal(e.precise, 3);
	assert_int_equal(encode("r11112222333344445", &e, &err), -EINVAL);
	assert_int_equal(encode("r", &e, &err), -EINVAL);
}

static void test_unknown_names(void **state)
{
	static const struct {
		const char *name, *text, *hint;
		int code;
	} t[] = {
		{"cpu-clok", "unknown event 'cpu-clok'", "did you mean cpu-clock",
		 -EINVAL},
		{"page-fault", "unknown event", "page-faults", -EINVAL},
		{"contextswitches", "unknown event", "context-switches", -EINVAL},
		{"brunches", "unknown event", "branches", -EINVAL},
		{"L1-dcache-load-mises", "unknown event", "l1-dcache-load-misses",
		 -EINVAL},
		{"hugo", "unknown event 'hugo'", "libpfm4", -EINVAL},
		{"skl::INST_RETIRD", "unknown event", "skl::INST_RETIRED", -EINVAL},
		{"zen4::FOO", "no PMU 'zen4'", "amd64_fam19h_zen4", -EINVAL},
		{"cycles:foo", "the event of 'cycles:foo' is known", "", -EINVAL},
		{"power8::PM_CYC", "no PMU 'power8'", "", -EINVAL},
		/* that there is such a thing is known, and that it is not here */
		{"amd64_k7::RETIRED_INSTRUCTIONS", "it is an event of amd64_k7", "",
		 -ENOENT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct eventspec e;
		struct error err = {0};
		int code = encode(t[i].name, &e, &err);

		if (code != t[i].code || !strstr(err.text, t[i].text) ||
		    !strstr(err.hint, t[i].hint))
			fail_msg("%s: %d, %s (%s)", t[i].name, code, err.text, err.hint);
		assert_int_equal(err.code, code);
		assert_true(err.hint[0]);
	}
}

/* --- encodings of other machines ---------------------------------------------------- */

struct row {
	const char *name; /* libpfm4's */
	uint32_t event;
	uint8_t umask, cmask;
	bool inv, edge;
};

static const struct row skylake[] = {
	/* Table 19-1 */
	{"skl::UNHALTED_CORE_CYCLES", 0x3c, 0x00},
	{"skl::INSTRUCTION_RETIRED", 0xc0, 0x00},
	{"skl::LONGEST_LAT_CACHE:REFERENCE", 0x2e, 0x4f},
	{"skl::LONGEST_LAT_CACHE:MISS", 0x2e, 0x41},
	{"skl::BRANCH_INSTRUCTIONS_RETIRED", 0xc4, 0x00},
	{"skl::MISPREDICTED_BRANCH_RETIRED", 0xc5, 0x00},
	/* Table 19-3 */
	{"skl::LD_BLOCKS:STORE_FORWARD", 0x03, 0x02},
	{"skl::LD_BLOCKS_PARTIAL:ADDRESS_ALIAS", 0x07, 0x01},
	{"skl::DTLB_LOAD_MISSES:WALK_COMPLETED", 0x08, 0x0e},
	{"skl::UOPS_ISSUED:ANY", 0x0e, 0x01},
	{"skl::UOPS_ISSUED:STALL_CYCLES", 0x0e, 0x01, .cmask = 1, .inv = true},
	{"skl::L2_RQSTS:MISS", 0x24, 0x3f},
	{"skl::L2_RQSTS:ALL_CODE_RD", 0x24, 0xe4},
	{"skl::CPU_CLK_UNHALTED:THREAD_P", 0x3c, 0x00},
	{"skl::L1D_PEND_MISS:FB_FULL", 0x48, 0x02},
	{"skl::L1D:REPLACEMENT", 0x51, 0x01},
	{"skl::ITLB_MISSES:STLB_HIT", 0x85, 0x20},
	{"skl::IDQ_UOPS_NOT_DELIVERED:CORE", 0x9c, 0x01},
	{"skl::RESOURCE_STALLS:SB", 0xa2, 0x08},
	{"skl::CYCLE_ACTIVITY:STALLS_L2_MISS", 0xa3, 0x05, .cmask = 5},
	{"skl::UOPS_RETIRED:RETIRE_SLOTS", 0xc2, 0x02},
	{"skl::UOPS_RETIRED:TOTAL_CYCLES", 0xc2, 0x01, .cmask = 10, .inv = true},
	{"skl::MACHINE_CLEARS:COUNT", 0xc3, 0x01, .cmask = 1, .edge = true},
	{"skl::BR_INST_RETIRED:NEAR_TAKEN", 0xc4, 0x20},
	{"skl::BR_MISP_RETIRED:CONDITIONAL", 0xc5, 0x01},
	{"skl::FP_ARITH_INST_RETIRED:SCALAR_DOUBLE", 0xc7, 0x01},
	{"skl::MEM_INST_RETIRED:ALL_LOADS", 0xd0, 0x81},
	{"skl::MEM_LOAD_RETIRED:L1_MISS", 0xd1, 0x08},
	{"skl::MEM_LOAD_RETIRED:L3_MISS", 0xd1, 0x20},
	{"skl::MEM_LOAD_L3_HIT_RETIRED:XSNP_HITM", 0xd2, 0x04},
	{"skl::BACLEARS:ANY", 0xe6, 0x01},
	{"skl::L2_TRANS:L2_WB", 0xf0, 0x40},
	/* V59, where Table 19-3 has umask EFH, 41H, 07H and 01H */
	{"skl::L2_RQSTS:REFERENCES", 0x24, 0xff},
	{"skl::L2_RQSTS:DEMAND_DATA_RD_HIT", 0x24, 0xc1},
	{"skl::L2_LINES_IN:ALL", 0xf1, 0x1f},
	{"skl::TLB_FLUSH:STLB_ANY", 0xbd, 0x20},
	/* V59: REF_TSC of fixed counter 2, which Linux programs by this pair. Table
	 * 19-1's reference cycles (3CH, 01H) are another event, REF_XCLK. */
	{"skl::UNHALTED_REFERENCE_CYCLES", 0x00, 0x03},
	{"skl::CPU_CLK_UNHALTED:REF_XCLK", 0x3c, 0x01},
};

static const struct row zen2[] = {
	{"RETIRED_SSE_AVX_FLOPS:MAC_FLOPS", 0x003, 0x08},
	{"LS_DISPATCH:LD_DISPATCH", 0x029, 0x01},
	{"STORE_TO_LOAD_FORWARD", 0x035, 0x00},
	{"DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_LCL_DRAM", 0x043, 0x08},
	{"L1_DTLB_MISS:TLB_RELOAD_4K_L2_MISS", 0x045, 0x10},
	{"MISALIGNED_LOADS", 0x047, 0x00},
	{"REQUESTS_TO_L2_GROUP1:RD_BLK_L", 0x060, 0x80},
	{"CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS:IC_FILL_MISS", 0x064, 0x01},
	{"CYCLES_NOT_IN_HALT", 0x076, 0x00},
	{"L1_ITLB_MISS_L2_ITLB_MISS:IF4K", 0x085, 0x01},
	{"UOPS_DISPATCHED_FROM_DECODER:OPCACHE_DISPATCHED", 0x0aa, 0x02},
	{"RETIRED_INSTRUCTIONS", 0x0c0, 0x00},
	{"RETIRED_UOPS", 0x0c1, 0x00},
	{"RETIRED_BRANCH_INSTRUCTIONS", 0x0c2, 0x00},
	{"RETIRED_BRANCH_INSTRUCTIONS_MISPREDICTED", 0x0c3, 0x00},
	{"RETIRED_TAKEN_BRANCH_INSTRUCTIONS", 0x0c4, 0x00},
	{"RETIRED_FAR_CONTROL_TRANSFERS", 0x0c6, 0x00},
	{"RETIRED_NEAR_RETURNS", 0x0c8, 0x00},
	{"RETIRED_INDIRECT_BRANCH_INSTRUCTIONS_MISPREDICTED", 0x0ca, 0x00},
	{"RETIRED_MMX_FP_INSTRUCTIONS:SSE_INSTR", 0x0cb, 0x04},
	{"RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS", 0x0d1, 0x00},
	{"DIV_OP_COUNT", 0x0d4, 0x00},
	{"TAGGED_IBS_OPS:IBS_TAGGED_OPS_RET", 0x1cf, 0x02},
	{"RETIRED_FUSED_INSTRUCTIONS", 0x1d0, 0x00},
};

static const struct row zen4[] = {
	{"RETIRED_X87_FP_OPS:MUL_OPS", 0x002, 0x02},
	{"RETIRED_FP_OPS_BY_WIDTH:PACK512_UOPS_RETIRED", 0x008, 0x20},
	{"RETIRED_FP_OPS_BY_TYPE:VECTOR_MAC", 0x00a, 0x40},
	{"PACKED_FP_OPS_RETIRED:FP256_MUL", 0x00c, 0x30},
	{"RETIRED_LOCK_INSTRUCTIONS:BUS_LOCK", 0x025, 0x01},
	{"SMI_RECEIVED", 0x02b, 0x00},
	{"MAB_ALLOCATION_BY_TYPE:ALL", 0x041, 0x7f},
	{"DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:DRAM_IO_NEAR", 0x043, 0x08},
	{"ANY_DATA_CACHE_FILLS_FROM_SYSTEM:LCL_L2", 0x044, 0x01},
	{"L1_DTLB_MISS:TLB_RELOAD_4K_L2_MISS", 0x045, 0x10},
	{"MISALIGNED_LOADS:MA64", 0x047, 0x01},
	{"ALLOC_MAB_COUNT", 0x05f, 0x00},
	{"CYCLES_NOT_IN_HALT", 0x076, 0x00},
	{"TLB_FLUSHES:ALL", 0x078, 0xff},
	{"RESYNCS", 0x096, 0x00},
	{"OPS_SOURCE_DISPATCHED_FROM_DECODER:OPCACHE", 0x0aa, 0x02},
	{"OPS_TYPE_DISPATCHED_FROM_DECODER:INTEGER_DISPATCH", 0x0ab, 0x08},
	{"RETIRED_BRANCH_INSTRUCTIONS", 0x0c2, 0x00},
	{"RETIRED_NEAR_RETURNS_MISPREDICTED", 0x0c9, 0x00},
	{"RETIRED_INDIRECT_BRANCH_INSTRUCTIONS", 0x0cc, 0x00},
	{"P0_FREQ_CYCLES_NOT_IN_HALT:P0_FREQ_CYCLES", 0x120, 0x01},
	{"IC_TAG_HIT_MISS:IC_MISS", 0x18e, 0x18},
	{"RETIRED_BRANCH_MISPREDICTED_DIRECTION_MISMATCH", 0x1c7, 0x00},
	{"RETIRED_UNCONDITIONAL_BRANCH_INSTRUCTIONS", 0x1c9, 0x00},
	{"OP_CACHE_HIT_MISS:OC_MISS", 0x28f, 0x04},
};

/* Both vendors: event select in bits 0-7, unit mask 8-15, edge 18, invert 23, counter
 * mask 24-31; AMD: event select 8-11 in bits 32-35. */
static uint64_t config_of(const struct row *r)
{
	return (r->event & 0xff) | (uint64_t)r->umask << 8 | (uint64_t)r->edge << 18 |
	       (uint64_t)r->inv << 23 | (uint64_t)r->cmask << 24 |
	       (uint64_t)(r->event >> 8) << 32;
}

/* What the process of its own prints, for argv[1]: "type config user kernel precise". */
static int print_encoding(const char *name)
{
	struct eventspec e;
	struct error err = {0};

	if (encode(name, &e, &err) < 0) {
		printf("%s", err.text);
		return 1;
	}
	printf("%u %llx %d %d %u", e.type, (unsigned long long)e.config, !e.exclude_user,
	       !e.exclude_kernel, e.precise);
	return 0;
}

static void encode_as(const char *pmu, const char *name, char *buf, size_t size)
{
	int out[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		setenv("LIBPFM_FORCE_PMU", pmu, 1);
		setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
		dup2(out[1], STDOUT_FILENO);
		execl("/proc/self/exe", "test-eventspec", name, NULL);
		_exit(2);
	}
	close(out[1]);
	n = read(out[0], buf, size - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void compare(const char *pmu, const struct row *rows, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *name = NULL, *want = NULL;
		char got[600];
		bool user = i % 2;

		name = xasprintf("%s%s", rows[i].name, user ? ":u" : "");
		want = xasprintf("%d %llx 1 %d 0", PERF_TYPE_RAW,
				 (unsigned long long)config_of(&rows[i]), !user);
		encode_as(pmu, name, got, sizeof(got));
		if (!strcmp(got, want))
			continue;
		fprintf(stderr, "# %s: %s, the manual says %s\n", name, got, want);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_skylake(void **state)
{
	compare("skl", skylake, ARRAY_SIZE(skylake));
}

static void test_zen2(void **state)
{
	compare("amd64_fam17h_zen2", zen2, ARRAY_SIZE(zen2));
}

static void test_zen4(void **state)
{
	compare("amd64_fam19h_zen4", zen4, ARRAY_SIZE(zen4));
}

static void test_other_forms_of_a_pmu(void **state)
{
	static const struct {
		const char *pmu, *name, *want;
	} t[] = {
		{"amd64_fam19h_zen4", "amd64_fam19h_zen4::RETIRED_INSTRUCTIONS:u",
		 "4 c0 1 0 0"},
		{"amd64_fam19h_zen4", "RETIRED_INSTRUCTIONS:k:pp", "4 c0 0 1 2"},
		{"skl", "skl::INST_RETIRED:ANY_P:uppp", "4 c0 1 0 3"},
		{"skl", "skl::UOPS_ISSUED:c=2:i=1:e=1:u", "4 284010e 1 0 0"},
		{"skl", "skl::INST_RETIRED:u=1:k=0", "4 c0 1 0 0"},
		/* the kernel's generic events are the same everywhere:
		 * linux/perf_event.h, enum perf_hw_id, and for caches id | op << 8 |
		 * result << 16 */
		{"perf", "perf::CYCLES", "0 0 1 1 0"},
		{"perf", "perf::INSTRUCTIONS:u", "0 1 1 0 0"},
		{"perf", "perf::CACHE-MISSES", "0 3 1 1 0"},
		{"perf", "perf::BRANCH-MISSES", "0 5 1 1 0"},
		{"perf", "perf::L1-DCACHE-LOAD-MISSES", "3 10000 1 1 0"},
		{"perf", "perf::LLC-STORES", "3 102 1 1 0"},
		{"perf", "perf::DTLB-LOAD-MISSES", "3 10003 1 1 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		char got[600];

		encode_as(t[i].pmu, t[i].name, got, sizeof(got));
		if (strcmp(got, t[i].want) != 0)
			fail_msg("%s: %s, not %s", t[i].name, got, t[i].want);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_lists_and_groups),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_refused_lists),
		cmocka_unit_test(test_software),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_skylake),
		cmocka_unit_test(test_zen2),
		cmocka_unit_test(test_zen4),
		cmocka_unit_test(test_other_forms_of_a_pmu),
	};

	if (argc > 1)
		return print_encoding(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
