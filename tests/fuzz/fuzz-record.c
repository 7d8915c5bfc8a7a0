/* perf records as the kernel would hand them out. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/perf_event.h>

#include <profd/sampler.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint64_t periods[2] = {0, 9};
	struct map ids = {0};
	const struct record_format formats[] = {
		{PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU |
			 PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN |
			 PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		 perf_regs_mask(), true},
		{PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME, 0, true},
		{PERF_SAMPLE_IP, 0, false},
		{PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			 PERF_SAMPLE_PERIOD,
		 0, true, &ids, periods},
	};
	uint64_t sum = 0;

	map_put(&ids, 0x401000, 1);
	map_put(&ids, 1, 2);
	while (n >= 8) {
		struct perf_event_header h;
		struct event e;
		uint8_t *record;

		memcpy(&h, data, sizeof(h));
		if (h.size < 8 || h.size > n)
			h.size = (uint16_t)(n > 65528 ? 65528 : n & ~(size_t)7);
		record = malloc(h.size);
		memcpy(record, data, h.size);
		memcpy(record, &h, sizeof(h));
		for (unsigned i = 0; i < 4; i++) {
			if (record_decode(&formats[i], record, h.size, &e) < 0)
				continue;
			if (e.type == EVENT_SAMPLE && e.sample.event > 1)
				abort();
			if (e.type == EVENT_MMAP)
				sum += e.mmap.path_len
					       ? (uint8_t)e.mmap.path[e.mmap.path_len - 1]
					       : 0;
			if (e.type == EVENT_SAMPLE && e.sample.stack_bytes)
				sum += e.sample.stack[e.sample.stack_bytes - 1];
			if (e.type == EVENT_SAMPLE && e.sample.nkernel)
				sum += e.sample.kernel_pcs[e.sample.nkernel - 1];
		}
		free(record);
		data += h.size;
		n -= h.size;
	}
	map_done(&ids);
	__asm__ volatile("" : : "r"(sum)); /* all of it was needed */
	return 0;
}
