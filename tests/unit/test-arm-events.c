/* Names of Arm's hardware events to perf_event_attr, by libpfm4 built for aarch64:
 * against numbers transcribed from the Arm Architecture Reference Manual for A-profile
 * architecture (DDI 0487), "Common event numbers" of chapter D13, The Performance
 * Monitors Extension: common architectural and microarchitectural events of PMUv3. The
 * kernel takes them as raw events: drivers/perf/arm_pmuv3.c, armv8pmu_map_event.
 *
 * Only in a build for aarch64 (contrib/cross): libpfm4 has no Arm tables elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <profd/mem.h>

#include "../../src/perf/perf-priv.h"

static const struct {
	const char *name;
	uint16_t number;
	bool everywhere; /* in the table of each core below */
	const char *
		other; /* what libpfm4 4.13 calls it in some tables, not as the manual does */
} events[] = {
	{"SW_INCR", 0x0000, true, NULL},
	{"L1I_CACHE_REFILL", 0x0001, true, NULL},
	{"L1I_TLB_REFILL", 0x0002, true, NULL},
	{"L1D_CACHE_REFILL", 0x0003, true, NULL},
	{"L1D_CACHE", 0x0004, true, "L1D_CACHE_ACCESS"},
	{"L1D_TLB_REFILL", 0x0005, true, NULL},
	{"LD_RETIRED", 0x0006, false, NULL},
	{"ST_RETIRED", 0x0007, false, NULL},
	{"INST_RETIRED", 0x0008, true, NULL},
	{"EXC_TAKEN", 0x0009, true, "EXCEPTION_TAKEN"},
	{"EXC_RETURN", 0x000a, true, "EXCEPTION_RETURN"},
	{"CID_WRITE_RETIRED", 0x000b, true, NULL},
	{"PC_WRITE_RETIRED", 0x000c, false, NULL},
	{"BR_IMMED_RETIRED", 0x000d, false, NULL},
	{"BR_RETURN_RETIRED", 0x000e, false, NULL},
	{"UNALIGNED_LDST_RETIRED", 0x000f, false, NULL},
	{"BR_MIS_PRED", 0x0010, true, "BRANCH_MISPRED"},
	{"CPU_CYCLES", 0x0011, true, NULL},
	{"BR_PRED", 0x0012, true, "BRANCH_PRED"},
	{"MEM_ACCESS", 0x0013, true, "DATA_MEM_ACCESS"},
	{"L1I_CACHE", 0x0014, true, "L1I_CACHE_ACCESS"},
	{"L1D_CACHE_WB", 0x0015, true, NULL},
	{"L2D_CACHE", 0x0016, true, "L2D_CACHE_ACCESS"},
	{"L2D_CACHE_REFILL", 0x0017, true, NULL},
	{"L2D_CACHE_WB", 0x0018, true, NULL},
	{"BUS_ACCESS", 0x0019, true, NULL},
	{"MEMORY_ERROR", 0x001a, true, "LOCAL_MEMORY_ERROR"},
	{"INST_SPEC", 0x001b, false, "INST_SPEC_EXEC"},
	{"TTBR_WRITE_RETIRED", 0x001c, false, NULL},
	{"BUS_CYCLES", 0x001d, true, "BUS_MASTER_CYCLE"},
	{"CHAIN", 0x001e, false, NULL},
	{"L2D_CACHE_ALLOCATE", 0x0020, false, NULL},
	{"BR_RETIRED", 0x0021, false, NULL},
	{"BR_MIS_PRED_RETIRED", 0x0022, false, NULL},
	{"STALL_FRONTEND", 0x0023, false, NULL},
	{"STALL_BACKEND", 0x0024, false, NULL},
	{"L1D_TLB", 0x0025, false, NULL},
	{"L1I_TLB", 0x0026, false, NULL},
	{"L3D_CACHE_ALLOCATE", 0x0029, false, NULL},
	{"L3D_CACHE_REFILL", 0x002a, false, NULL},
	{"L3D_CACHE", 0x002b, false, NULL},
	{"L2D_TLB_REFILL", 0x002d, false, NULL},
	{"L2D_TLB", 0x002f, false, NULL},
	{"REMOTE_ACCESS", 0x0031, false, NULL},
	{"DTLB_WALK", 0x0034, false, NULL},
	{"ITLB_WALK", 0x0035, false, NULL},
	{"LL_CACHE_RD", 0x0036, false, NULL},
	{"LL_CACHE_MISS_RD", 0x0037, false, NULL},
};

static const char *const pmus[] = {"arm_ac53", "arm_ac57", "arm_n1",
				   "arm_n2",   "arm_v1",   "arm_v2"};

static int encode(const char *name, struct perf_event_attr *attr)
{
	struct error err = {0};
	bool clock = true;
	int code;

	*attr = (struct perf_event_attr){.size = sizeof(*attr)};
	code = event_encode(name, attr, &clock, &err);
	if (!code)
		assert_false(clock);
	return code;
}

static bool encode_other(size_t pmu, size_t event, struct perf_event_attr *attr)
{
	_cleanup_free_ char *name = NULL;

	if (!events[event].other)
		return false;
	name = xasprintf("%s::%s", pmus[pmu], events[event].other);
	return encode(name, attr) == 0;
}

static void test_numbers(void **state)
{
	for (size_t p = 0; p < ARRAY_SIZE(pmus); p++) {
		unsigned found = 0;

		for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
			_cleanup_free_ char *name = xasprintf("%s::%s", pmus[p],
							      events[i].name);
			struct perf_event_attr attr;

			if (encode(name, &attr) < 0 && !encode_other(p, i, &attr)) {
				if (events[i].everywhere)
					fail_msg("%s is not known", name);
				continue;
			}
			found++;
			if (attr.type != PERF_TYPE_RAW || attr.config != events[i].number)
				fail_msg("%s is 0x%llx of type %u", name,
					 (unsigned long long)attr.config, attr.type);
		}
		print_message("%s: %u of %zu events\n", pmus[p], found,
			      ARRAY_SIZE(events));
	}
}

static void test_levels(void **state)
{
	struct perf_event_attr attr;

	assert_int_equal(encode("arm_n1::INST_RETIRED:u", &attr), 0);
	assert_int_equal(attr.config, 0x08);
	assert_true(attr.exclude_kernel && !attr.exclude_user);
	assert_int_equal(encode("arm_n1::INST_RETIRED:k", &attr), 0);
	assert_true(attr.exclude_user && !attr.exclude_kernel);
	assert_true(encode("arm_n1::NO_SUCH_EVENT", &attr) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_levels),
	};

	/* Whatever this machine is. */
	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
