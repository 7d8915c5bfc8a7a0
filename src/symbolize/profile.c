/* Names for a profile that came without: its addresses are looked up in the files of its
 * mappings, as they are now and here. */
#include <profd/symbolize.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/vec.h>

#define FRAMES_MAX 256u

struct module {
	bool tried;
	struct objfile *obj; /* or NULL: its file is not here, or another one */
};

struct namer {
	struct profile *p;
	struct symbolizer *symbolizer;
	struct module *modules; /* [mappings] */
	VEC(struct line) lines;
};

/* What a profile calls a file may be a pipe that nobody writes into. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static struct objfile *open_module(const struct profile *p, const struct mapping *m)
{
	const char *path = profile_text(p, m->filename);
	const char *id = profile_text(p, m->build_id);
	struct objfile *obj;
	int fd;

	if (path[0] != '/' || m->flags & (MAPPING_KERNEL | MAPPING_JIT))
		return NULL;
	fd = open_file(path);
	if (fd < 0)
		return NULL;
	obj = objfile_open(fd, path, NULL);
	if (obj && *id && strcmp(id, objfile_build_id(obj)) != 0)
		return objfile_put(obj);
	return obj;
}

static struct objfile *module_of(struct namer *n, mapping_id id)
{
	struct module *m = &n->modules[id];

	if (!m->tried)
		m->obj = open_module(n->p, &n->p->mappings.v[id]);
	m->tried = true;
	return m->obj;
}

/* Mappings are as they were in the process; or nothing is known of where they lay, and
 * addresses are those of the file. */
static bool find_vaddr(const struct mapping *m, const struct objfile *obj,
		       uint64_t address, uint64_t *ret_vaddr)
{
	if (!m->limit) {
		*ret_vaddr = address;
		return true;
	}
	if (address < m->start || address >= m->limit)
		return false;
	return objfile_off_to_vaddr(obj, address - m->start + m->off, ret_vaddr);
}

static void set_names(struct namer *n, location_id id, const struct source_frame *frames,
		      unsigned count, bool named)
{
	struct profile *p = n->p;

	n->lines.n = 0;
	for (unsigned i = 0; i < count; i++) {
		struct function f = {
			.name = profile_string(p, frames[i].name),
			.system_name = profile_string(p, frames[i].linkage_name),
			.filename = profile_string(p, frames[i].file),
			.start_line = frames[i].start_line};

		vec_push(&n->lines,
			 ((struct line){profile_function(p, &f), frames[i].line}));
	}
	profile_set_lines(p, id, n->lines.v, n->lines.n);
	if (!named)
		p->locations.v[id].flags |= LOCATION_UNRESOLVED;
	p->mappings.v[p->locations.v[id].mapping].flags |= MAPPING_HAS_FUNCTIONS;
}

/* Returns whether it has a name now. */
static bool name_location(struct namer *n, location_id id)
{
	const struct location *l = &n->p->locations.v[id];
	struct source_frame frames[FRAMES_MAX];
	struct objfile *obj = module_of(n, l->mapping);
	uint64_t vaddr;
	unsigned count;
	bool named = false;

	if (!obj || !find_vaddr(&n->p->mappings.v[l->mapping], obj, l->address, &vaddr))
		return false;
	count = symbolize_file(n->symbolizer, obj, vaddr, frames, FRAMES_MAX, &named);
	set_names(n, id, frames, count, named);
	return named;
}

void symbolize_profile(struct profile *p, uint32_t *ret_named, uint32_t *ret_nameless)
{
	struct namer n = {.p = p, .symbolizer = symbolizer_new()};

	*ret_named = *ret_nameless = 0;
	n.modules = xcalloc(p->mappings.n, sizeof(*n.modules));
	for (location_id i = 1; i < p->locations.n; i++) {
		if (p->locations.v[i].nlines)
			continue;
		if (name_location(&n, i))
			++*ret_named;
		else
			++*ret_nameless;
	}
	for (uint32_t i = 0; i < p->mappings.n; i++)
		objfile_put(n.modules[i].obj);
	free(n.modules);
	vec_done(&n.lines);
	symbolizer_free(n.symbolizer);
}
