/* Inline chains of the addresses that a profile of a program asks for; row 11.
 *
 * 	inlines -w FILE [-F HZ] -- COMMAND...	records, and writes into FILE the program's path and
 * 						its distinct vaddrs, as eu-addr2line reads them
 * 	inlines [-r REPEATS] FILE		looks them up, through profd's objfile and with libdw's
 * 						dwarf_getscopes; JSON on stdout
 *
 * Each lookup of the whole list is a forked child, so that it begins with opening the
 * file. Both ways yield, for every address, the functions with their names and the line
 * being executed. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <profd/clock.h>
#include <profd/map.h>
#include <profd/objfile.h>

#include "capture.h"

#define MAX_FRAMES 2048
#define MAX_INLINED 64
#define MAX_SAMPLES 20000

struct addresses {
	char path[PATH_MAX];
	VEC(uint64_t) vaddrs;
};

static int fail(const char *what)
{
	fprintf(stderr, "inlines: %s: %s\n", what, strerror(errno));
	return 1;
}

/* --- recording -------------------------------------------------------------------- */

static void note(struct map *seen, const struct frame *f, const char *path,
		 struct addresses *ret)
{
	uint64_t vaddr;

	if (!f->vma || !f->vma->obj || strcmp(objfile_path(f->vma->obj), path))
		return;
	vaddr = vma_vaddr(f->vma, f->pc) - !!(f->flags & FRAME_CALL);
	if (map_find(seen, vaddr))
		return;
	map_put(seen, vaddr, 1);
	vec_push(&ret->vaddrs, vaddr);
}

static void collect(const struct capture *c, struct addresses *ret)
{
	static struct frame frames[MAX_FRAMES];
	struct unwinder *u = unwinder_new(UNWIND_CFI, NULL);
	struct map seen = {0};

	for (uint32_t i = 0; i < c->samples.n; i++) {
		struct unwind_input in;
		enum unwind_stop stop;
		unsigned n;

		capture_input(&c->samples.v[i], &in);
		n = unwind(u, &in, frames, MAX_FRAMES, &stop);
		for (unsigned k = 0; k < n; k++)
			note(&seen, &frames[k], ret->path, ret);
	}
	map_done(&seen);
	unwinder_free(u);
}

static int record(const char *file, char **command, uint32_t hz)
{
	struct addresses a = {0};
	struct error err = {0};
	struct capture c;
	FILE *out;

	if (!realpath(command[0], a.path))
		return fail(command[0]);
	if (capture_take(&c, command, hz, MAX_SAMPLES, &err) < 0) {
		fprintf(stderr, "inlines: %s\n", err.text);
		return 1;
	}
	collect(&c, &a);
	capture_done(&c);
	out = fopen(file, "we");
	if (!out)
		return fail(file);
	fprintf(out, "%s\n", a.path);
	for (uint32_t i = 0; i < a.vaddrs.n; i++)
		fprintf(out, "%#llx\n", (unsigned long long)a.vaddrs.v[i]);
	vec_done(&a.vaddrs);
	return fclose(out) ? fail(file) : 0;
}

/* --- looking up ------------------------------------------------------------------- */

struct outcome {
	uint64_t cpu_ns; /* other programs run meanwhile */
	uint64_t chains; /* addresses with at least one function */
	uint64_t frames; /* functions, over all */
	uint64_t lines;	 /* addresses with a line */
	uint32_t hash;	 /* of the numbers of functions at each address, in order */
};

static void count(struct outcome *o, unsigned n, bool line)
{
	o->chains += n > 0;
	o->frames += n;
	o->lines += line;
	o->hash = o->hash * 31 + n;
}

static bool own_lookup(const struct addresses *a, struct outcome *o)
{
	int fd = open(a->path, O_RDONLY | O_CLOEXEC);
	struct objfile *obj = fd < 0 ? NULL : objfile_open(fd, a->path, NULL);
	struct source_frame frames[MAX_INLINED];

	if (!obj)
		return false;
	for (uint32_t i = 0; i < a->vaddrs.n; i++) {
		unsigned n = objfile_source(obj, a->vaddrs.v[i], frames, MAX_INLINED);

		count(o, n, n && frames[0].line);
	}
	return true;
}

static unsigned count_functions(Dwarf_Die *scopes, int n)
{
	unsigned functions = 0;

	for (int i = 0; i < n; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		functions += dwarf_diename(&scopes[i]) != NULL;
		if (tag == DW_TAG_subprogram)
			break;
	}
	return functions;
}

/* dwarf_getscopes on the unit finds the innermost scope; the chain of what was inlined
 * into what takes dwarf_getscopes_die. */
static unsigned scopes_of(Dwarf_Die *unit, uint64_t vaddr)
{
	Dwarf_Die *scopes = NULL, *chain = NULL;
	int n = dwarf_getscopes(unit, vaddr, &scopes);
	unsigned functions = 0;

	if (n > 0) {
		n = dwarf_getscopes_die(&scopes[0], &chain);
		functions = count_functions(chain, n);
	}
	free(scopes);
	free(chain);
	return functions;
}

static bool libdw_lookup(const struct addresses *a, struct outcome *o)
{
	int fd = open(a->path, O_RDONLY | O_CLOEXEC), line;
	Dwarf *dwarf = fd < 0 ? NULL : dwarf_begin(fd, DWARF_C_READ);

	if (!dwarf)
		return false;
	for (uint32_t i = 0; i < a->vaddrs.n; i++) {
		Dwarf_Line *row;
		Dwarf_Die unit;

		if (!dwarf_addrdie(dwarf, a->vaddrs.v[i], &unit)) {
			count(o, 0, false);
			continue;
		}
		row = dwarf_getsrc_die(&unit, a->vaddrs.v[i]);
		count(o, scopes_of(&unit, a->vaddrs.v[i]),
		      row && dwarf_lineno(row, &line) == 0 && line);
	}
	return true;
}

static uint64_t cpu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool apart(bool (*lookup)(const struct addresses *, struct outcome *),
		  const struct addresses *a, struct outcome *ret)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		return false;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct outcome o = {0};
		uint64_t start_ns = cpu_now_ns();
		bool ok = lookup(a, &o);

		o.cpu_ns = cpu_now_ns() - start_ns;
		_exit(ok && write(fds[1], &o, sizeof(o)) == (ssize_t)sizeof(o) ? 0 : 1);
	}
	close(fds[1]);
	n = read(fds[0], ret, sizeof(*ret));
	close(fds[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status &&
	       n == (ssize_t)sizeof(*ret);
}

static bool read_addresses(const char *file, struct addresses *ret)
{
	FILE *in = fopen(file, "re");
	char line[64];

	if (!in || !fgets(ret->path, sizeof(ret->path), in))
		return false;
	ret->path[strcspn(ret->path, "\n")] = '\0';
	while (fgets(line, sizeof(line), in))
		vec_push(&ret->vaddrs, strtoull(line, NULL, 16));
	return fclose(in) == 0 && ret->vaddrs.n;
}

static int look_up(const char *file, unsigned repeats)
{
	static const struct {
		const char *name;
		bool (*lookup)(const struct addresses *, struct outcome *);
	} ways[] = {{"profd", own_lookup}, {"getscopes", libdw_lookup}};
	struct addresses a = {0};

	if (!read_addresses(file, &a))
		return fail(file);
	printf("{\"addresses\": %u, \"runs\": [", a.vaddrs.n);
	for (unsigned i = 0; i < 2 * repeats; i++) {
		struct outcome o;

		if (!apart(ways[i % 2].lookup, &a, &o))
			return fail(ways[i % 2].name);
		printf("%s\n  {\"way\": \"%s\", \"cpu_ns\": %llu, \"chains\": %llu, "
		       "\"frames\": %llu, "
		       "\"lines\": %llu, \"hash\": %u}",
		       i ? "," : "", ways[i % 2].name, (unsigned long long)o.cpu_ns,
		       (unsigned long long)o.chains, (unsigned long long)o.frames,
		       (unsigned long long)o.lines, o.hash);
	}
	printf("]}\n");
	vec_done(&a.vaddrs);
	return 0;
}

int main(int argc, char **argv)
{
	const char *write_to = NULL;
	unsigned repeats = 3, hz = 999;
	int option;

	while ((option = getopt(argc, argv, "+w:F:r:")) != -1) {
		if (option == 'w')
			write_to = optarg;
		else if (option == 'F')
			hz = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			repeats = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind == argc || !hz || !repeats)
		return 2;
	if (write_to)
		return record(write_to, argv + optind, hz);
	return look_up(argv[optind], repeats);
}
