/* Events that open and then stay silent. Some virtual machines grant a counter that never
 * counts, or one that counts and whose interrupt never comes: perf_event_open(2)
 * succeeds, and the profile is empty (runner-images issue 11689: cycles on Arm runners).
 * No attribute tells; so the event is tried on profd itself: it works as soon as it has
 * left one record, and is silent if it has not after TRY_NS. Only events that any code
 * causes can be tried. */
#include "perf-priv.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/log.h>
#include <profd/mem.h>

#define TRY_NS (NSEC_PER_SEC / 50) /* of CPU time */
#define TRY_PERIOD 100000	   /* far more of them happen in that time */

static bool any_code_causes(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_HARDWARE &&
	       (attr->config == PERF_COUNT_HW_CPU_CYCLES ||
		attr->config == PERF_COUNT_HW_INSTRUCTIONS ||
		attr->config == PERF_COUNT_HW_BRANCH_INSTRUCTIONS ||
		attr->config == PERF_COUNT_HW_REF_CPU_CYCLES);
}

/* True once the ring holds a record. */
static bool spin(const struct perf_event_mmap_page *meta, uint64_t *ret_ns)
{
	uint64_t start = clock_thread_ns(), now = start;

	while (!__atomic_load_n(&meta->data_head, __ATOMIC_ACQUIRE) &&
	       now - start < TRY_NS) {
		for (volatile unsigned i = 0; i < 5000; i++)
			;
		now = clock_thread_ns();
	}
	*ret_ns = now - start;
	return __atomic_load_n(&meta->data_head, __ATOMIC_ACQUIRE);
}

/* Others' events leave no trace in the value; they may keep this one from the
 * counters. */
static int verdict(int fd)
{
	struct {
		uint64_t value, enabled_ns, running_ns;
	} r;

	if (read(fd, &r, sizeof(r)) != (ssize_t)sizeof(r))
		return -EIO;
	return r.running_ns ? -ENODATA : -EBUSY;
}

int event_try(const struct perf_event_attr *like)
{
	struct perf_event_attr attr = {
		.size = PERF_ATTR_SIZE_VER0,
		.type = like->type,
		.config = like->config,
		.precise_ip = like->precise_ip,
		.sample_period = TRY_PERIOD,
		.sample_type = PERF_SAMPLE_IP,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_kernel = like->exclude_kernel,
		.exclude_hv = 1,
		.exclude_guest = 1,
		/* Or precise records of a fixed period are handed over many at a time:
		 * "large PEBS", arch/x86/events/intel/core.c, intel_pmu_hw_config(). */
		.wakeup_events = 1,
	};
	size_t ring_bytes = 2 * (size_t)sysconf(_SC_PAGESIZE);
	_cleanup_close_ int fd = -1;
	uint64_t ns = 0;
	int code = 0;
	void *ring;

	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return -ENOBUFS;
	if (!spin(ring, &ns))
		code = verdict(fd);
	log_debug("perf", "tried event %u:%llu: %s after %llu us", attr.type,
		  (unsigned long long)attr.config, code ? "silent" : "a record",
		  (unsigned long long)ns / 1000);
	munmap(ring, ring_bytes);
	return code;
}

int event_silent(const struct perf_event_attr *like)
{
	struct perf_event_attr attr = *like;
	int code;

	if (!any_code_causes(like) || like->exclude_user)
		return 0;
	/* Of the spinning thread the user's side is enough, and more may be forbidden. */
	attr.exclude_kernel = 1;
	code = event_try(&attr);
	return code == -ENODATA || code == -EBUSY ? code : 0;
}
