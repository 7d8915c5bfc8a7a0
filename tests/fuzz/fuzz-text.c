/* The text parsers: /proc/PID/maps, kallsyms, perf maps, numbers, UTF-8 cleaning, and the
 * writers that names from outside go through. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <profd/io.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/procs.h>
#include <profd/symbolize.h>
#include <profd/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data, *line;
	struct symtab *tables[2] = {kallsyms_parse(s, n), perfmap_parse(s, n)};
	size_t pos = 0, len;
	struct text t = {0};

	for (int i = 0; i < 2; i++) {
		for (uint64_t pc = 1; pc; pc <<= 3)
			symtab_find(tables[i], pc);
		symtab_free(tables[i]);
	}
	while (io_line(s, n, &pos, &line, &len)) {
		char *word = xstrndup(line, len);
		struct maps_line m;
		uint64_t v;

		maps_line_parse(line, len, &m);
		number_parse_u64(word, 0, 1000, &v);
		number_parse_duration_ns(word, &v);
		number_parse_size(word, 1, INT64_MAX, &v);
		text_clear(&t);
		text_add_markdown(&t, word);
		text_add_code(&t, word);
		text_add_xml(&t, line, len);
		free(word);
	}
	text_clear(&t);
	text_add_clean(&t, s, n);
	if (t.len && !text_is_clean(t.s, t.len))
		abort();
	text_done(&t);
	return 0;
}
