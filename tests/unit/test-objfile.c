/* ELF files that the system compiler makes here and now, in all the ways their names can
 * be kept, and damaged ones. What must be seen is written in the sources below, or asked
 * of nm and addr2line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/captured.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/vec.h>

#define MAX_FRAMES 64

static char dir[] = "/tmp/test-objfile-XXXXXX";

static const char c_source[] =
	"volatile int sink;\n"						  /* 1 */
	"static inline __attribute__((always_inline)) int inner(int x)\n" /* 2 */
	"{\n"
	"	return sink / x;\n" /* 4 */
	"}\n"
	"static inline __attribute__((always_inline)) int middle(int x)\n" /* 6 */
	"{\n"
	"	return inner(x) * 3;\n" /* 8 */
	"}\n"
	"__attribute__((noinline)) int outer(int x)\n" /* 10 */
	"{\n"
	"	return middle(x) + 1;\n" /* 12 */
	"}\n"
	"static __attribute__((noinline)) int hidden(int x)\n" /* 14 */
	"{\n"
	"	return sink * x;\n"
	"}\n"
	"__asm__(\".text\\n.globl label\\nlabel: .byte 0, 0, 0\\n\"\n" /* 18 */
	"	\".globl sized\\n.type sized, @function\\nsized: .byte 0\\ninside: .byte "
	"0\\n\"\n"
	"	\".size sized, . - sized\\n.balign 16\\n\");\n"
	"int main(void)\n" /* 21 */
	"{\n"
	"	return outer(sink) + hidden(sink);\n" /* 23 */
	"}\n";

static const char cxx_source[] =
	"volatile int sink;\n"
	"namespace app { namespace {\n"
	"struct tool {\n"
	"	int v;\n"
	"	__attribute__((always_inline)) int twice() const { return sink / "
	"v; }\n" /* 5 */
	"};\n"
	"inline __attribute__((always_inline)) int local(int x)\n"
	"{\n"
	"	return tool{x}.twice() + 1;\n" /* 9 */
	"}\n"
	"__attribute__((noinline)) int kept(int x)\n" /* 11 */
	"{\n"
	"	return local(x) * 2;\n" /* 13 */
	"}\n"
	"}\n"
	"template <typename T> __attribute__((noinline)) T run(T x)\n" /* 16 */
	"{\n"
	"	return kept(x) + 5;\n"
	"}\n"
	"}\n"
	"int main() { return app::run<int>(sink) + app::run<long>(sink); }\n";

static __attribute__((format(printf, 1, 2))) bool sh(const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL, *command = NULL;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	command = xasprintf("cd %s && { %s; } >log 2>&1", dir, line);
	return system(command) == 0;
}

static bool have(const char *tool)
{
	return sh("command -v %s", tool);
}

static const char *cc(void)
{
	const char *s = getenv("CC");

	return s && *s ? s : "cc";
}

static const char *cxx(void)
{
	const char *s = getenv("CXX");

	return s && *s ? s : "c++";
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void write_file(const char *name, const void *data, size_t n)
{
	_cleanup_free_ char *path = path_of(name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				      0755);

	assert_true(fd >= 0);
	assert_int_equal(io_write(fd, data, n), 0);
}

static void read_file(const char *name, char **ret_data, size_t *ret_n)
{
	_cleanup_free_ char *path = path_of(name);

	assert_int_equal(io_slurp(path, 64 << 20, ret_data, ret_n), 0);
}

static struct objfile *open_path(const char *path)
{
	struct error err = {0};
	struct objfile *o = objfile_open(open(path, O_RDONLY | O_CLOEXEC), path, &err);

	if (!o)
		print_error("%s\n", err.text);
	assert_non_null(o);
	return o;
}

static struct objfile *open_name(const char *name)
{
	_cleanup_free_ char *path = path_of(name);

	return open_path(path);
}

/* Compiles prog.c or prog.cc, the latter when @flags says so. Skips the test when that
 * fails for want of a tool, never for the plainest flags. */
static void build(const char *name, const char *compiler, const char *source,
		  const char *flags)
{
	if (sh("%s %s %s -o %s", compiler, flags, source, name))
		return;
	if (strcmp(flags, "-g -O1") == 0)
		fail_msg("%s %s %s does not work here", compiler, flags, source);
	print_message("skipped: %s %s does not work here\n", compiler, flags);
	skip();
}

/* What nm says. */
struct nm_symbol {
	uint64_t vaddr, size;
	char type;
	char name[256];
};
typedef VEC(struct nm_symbol) nm_vec;

static void nm(const char *name, nm_vec *ret)
{
	_cleanup_free_ char *command = xasprintf("cd %s && nm -S --defined-only %s", dir,
						 name);
	FILE *f = popen(command, "r");
	char line[1024];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct nm_symbol s = {0};

		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %c %255s", &s.vaddr, &s.size,
			   &s.type, s.name) != 4) {
			s.size = 0;
			if (sscanf(line, "%" SCNx64 " %c %255s", &s.vaddr, &s.type,
				   s.name) != 3)
				continue;
		}
		vec_push(ret, s);
	}
	pclose(f);
}

static struct nm_symbol nm_find(const char *file, const char *name)
{
	nm_vec all = {0};
	struct nm_symbol found = {0};

	nm(file, &all);
	for (uint32_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i].name, name) == 0)
			found = all.v[i];
	vec_done(&all);
	assert_string_equal(found.name, name);
	return found;
}

struct want {
	const char *name;
	unsigned line, start_line;
};

/* Clang gives inlined functions their parameters, GCC not always. */
static bool name_is(const char *name, const char *want)
{
	size_t n = strlen(want);

	return strncmp(name, want, n) == 0 && (!name[n] || name[n] == '(');
}

static bool chain_is(const struct source_frame *frames, unsigned n,
		     const struct want *want, unsigned want_n)
{
	if (n != want_n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!name_is(frames[i].name, want[i].name) ||
		    frames[i].line != want[i].line ||
		    frames[i].start_line != want[i].start_line)
			return false;
	return true;
}

/* Some address of @symbol has exactly this chain, and every address of it ends in the
 * last one. */
static void assert_chain(struct objfile *o, struct nm_symbol symbol,
			 const struct want *want, unsigned want_n, const char *file)
{
	struct source_frame frames[MAX_FRAMES];
	bool found = false;

	assert_true(symbol.size > 0);
	for (uint64_t i = 0; i < symbol.size; i++) {
		unsigned n = objfile_source(o, symbol.vaddr + i, frames, MAX_FRAMES);

		assert_true(n > 0);
		assert_string_equal(frames[n - 1].name, want[want_n - 1].name);
		assert_non_null(frames[n - 1].file);
		assert_non_null(strstr(frames[n - 1].file, file));
		found |= chain_is(frames, n, want, want_n);
	}
	assert_true(found);
}

static const struct want c_chain[] = {
	{"inner", 4, 2}, {"middle", 8, 6}, {"outer", 12, 10}};
static const struct want main_chain[] = {{"main", 23, 21}};
static const struct want hidden_chain[] = {{"hidden", 16, 14}};

static void assert_c_chains(struct objfile *o, const char *names_from)
{
	assert_chain(o, nm_find(names_from, "outer"), c_chain, 3, "prog.c");
	assert_chain(o, nm_find(names_from, "main"), main_chain, 1, "prog.c");
	assert_chain(o, nm_find(names_from, "hidden"), hidden_chain, 1, "prog.c");
}

/* Only the symbol's name is known. */
static void assert_bare(struct objfile *o, struct nm_symbol symbol)
{
	struct source_frame frames[MAX_FRAMES];
	struct symbol got;

	assert_true(objfile_symbol(o, symbol.vaddr, &got));
	assert_string_equal(got.name, symbol.name);
	assert_int_equal(got.vaddr, symbol.vaddr);
	assert_int_equal(got.size, symbol.size);
	assert_int_equal(objfile_source(o, symbol.vaddr, frames, MAX_FRAMES), 1);
	assert_string_equal(frames[0].name, symbol.name);
	assert_string_equal(frames[0].linkage_name, symbol.name);
	assert_null(frames[0].file);
	assert_int_equal(frames[0].line, 0);
	assert_false(objfile_has_lines(o));
}

static void test_headers(void **state)
{
	struct objfile *o = open_name("prog");
	_cleanup_free_ char *bytes = NULL, *path = path_of("prog");
	const struct segment *segments;
	size_t n, file_bytes, executable = 0;
	uint8_t buf[64];

	read_file("prog", &bytes, &file_bytes);
	assert_string_equal(objfile_path(o), path);
	assert_true(objfile_is_64bit(o));
	assert_int_equal(strlen(objfile_build_id(o)), 40);
	assert_true(sh("readelf -n prog | grep %s", objfile_build_id(o)));
	assert_int_equal(objfile_entry(o), nm_find("prog", "_start").vaddr);
	n = objfile_segments(o, &segments);
	assert_true(n >= 2);
	for (size_t i = 0; i < n; i++) {
		uint64_t vaddr;

		if (!segments[i].exec)
			continue;
		executable++;
		assert_true(objfile_off_to_vaddr(o, segments[i].off + 5, &vaddr));
		assert_int_equal(vaddr, segments[i].vaddr + 5);
		/* mmap(2) takes whole pages, and so do its records. */
		assert_true(objfile_off_to_vaddr(o, segments[i].off & ~0xfffull, &vaddr));
		assert_int_equal(vaddr & ~0xfffull, segments[i].vaddr & ~0xfffull);
		assert_int_equal(objfile_read(o, segments[i].vaddr, buf, sizeof(buf)),
				 64);
		assert_memory_equal(buf, bytes + segments[i].off, 64);
		assert_int_equal(
			objfile_read(o, segments[i].vaddr + segments[i].filesz_bytes - 3,
				     buf, sizeof(buf)),
			3);
	}
	assert_true(executable > 0);
	assert_int_equal(objfile_read(o, 1ull << 60, buf, sizeof(buf)), 0);
	assert_ptr_equal(objfile_get(o), o);
	objfile_put(o);
	objfile_put(o);
	assert_null(objfile_put(NULL));
}

static void test_ids_are_unique(void **state)
{
	struct objfile *a = open_name("prog"), *b = open_name("prog");

	assert_true(objfile_id(a) > 0);
	assert_true(objfile_id(b) > 0);
	assert_int_not_equal(objfile_id(a), objfile_id(b));
	objfile_put(a);
	objfile_put(b);
}

static void assert_refused(const char *name, int code)
{
	_cleanup_free_ char *path = path_of(name);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct error err = {0};

	assert_true(fd >= 0);
	assert_null(objfile_open(fd, path, &err));
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, path));
	/* Taken and closed. */
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static bool same_frames(struct objfile *a, struct objfile *b, uint64_t vaddr)
{
	struct source_frame fa[MAX_FRAMES], fb[MAX_FRAMES];
	unsigned n = objfile_source(a, vaddr, fa, MAX_FRAMES);
	bool same = objfile_source(b, vaddr, fb, MAX_FRAMES) == n;

	for (unsigned i = 0; i < n && same; i++)
		same = !strcmp(fa[i].name, fb[i].name) && fa[i].name != fb[i].name &&
		       fa[i].line == fb[i].line && fa[i].start_line == fb[i].start_line;
	return same;
}

/* The same answers, from memory of its own and one descriptor, after the file and its
 * first handle's other users are gone. */
static void test_twin(void **state)
{
	struct nm_symbol outer = nm_find("prog", "outer");
	_cleanup_free_ char *path = path_of("short-lived");
	struct objfile *o, *twin;
	const struct segment *a, *b;
	int before, after;
	size_t n;

	assert_true(sh("cp prog short-lived"));
	o = open_path(path);
	assert_int_equal(unlink(path), 0);
	before = dup(0);
	close(before);
	twin = objfile_twin(o);
	assert_non_null(twin);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	assert_int_not_equal(objfile_id(o), objfile_id(twin));
	assert_string_equal(objfile_path(o), objfile_path(twin));
	assert_string_equal(objfile_build_id(o), objfile_build_id(twin));
	assert_int_equal(objfile_entry(o), objfile_entry(twin));
	assert_int_equal(objfile_is_64bit(o), objfile_is_64bit(twin));
	n = objfile_segments(o, &a);
	assert_int_equal(n, objfile_segments(twin, &b));
	assert_memory_equal(a, b, n * sizeof(*a));
	for (uint64_t i = 0; i < outer.size; i++)
		assert_true(same_frames(o, twin, outer.vaddr + i));
	assert_int_equal(objfile_symbol_source(o), objfile_symbol_source(twin));
	objfile_put(o);
	assert_true(objfile_has_lines(twin));
	objfile_put(twin);
	after = dup(0);
	close(after);
	assert_true(after < before);
}

/* A file that has lost its headers since has no twin. */
static void test_twin_of_less(void **state)
{
	_cleanup_free_ char *path = path_of("shrink");
	struct objfile *o;

	assert_true(sh("cp prog shrink"));
	o = open_path(path);
	assert_int_equal(truncate(path, 10), 0);
	assert_null(objfile_twin(o));
	objfile_put(o);
	o = captured_new("/no/file", NULL, 0, true);
	assert_null(objfile_twin(o));
	objfile_put(o);
}

static void test_other_files(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct error err = {0};
	size_t n;

	write_file("text", "hello, world", 12);
	assert_refused("text", -ENOEXEC);
	write_file("empty", "", 0);
	assert_refused("empty", -ENOEXEC);
	assert_true(sh("mkdir directory; mkfifo pipe; ar r archive prog.c"));
	assert_refused("directory", -ENOEXEC);
	assert_refused("pipe", -ENOEXEC);
	assert_refused("archive", -ENOEXEC);
	assert_true(sh("%s -c prog.c -o object.o", cc()));
	assert_refused("object.o", -ENOEXEC);
	read_file("prog", &bytes, &n);
	((Elf64_Ehdr *)bytes)->e_machine = EM_RISCV;
	write_file("machine", bytes, n);
	assert_refused("machine", -ENOEXEC);
	((Elf64_Ehdr *)bytes)->e_machine = EM_AARCH64;
	((Elf64_Ehdr *)bytes)->e_phoff = n;
	write_file("phdrs", bytes, n);
	assert_refused("phdrs", -EBADMSG);
	assert_null(objfile_open(-1, "nowhere", &err));
	assert_int_equal(err.code, -EBADF);
}

static void test_32bit(void **state)
{
	struct objfile *o;

	if (!sh("%s -m32 -nostdlib -static -Wl,-e,outer prog.c -o prog32", cc())) {
		print_message("skipped: no 32-bit compiler\n");
		skip();
	}
	o = open_name("prog32");
	assert_false(objfile_is_64bit(o));
	assert_bare(o, nm_find("prog32", "outer"));
	objfile_put(o);
}

/* The memory that /proc/self/maps calls [vdso]. */
static void *vdso(size_t *ret_n)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	uint64_t start = 0, end = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[vdso]"))
			sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end);
	fclose(f);
	*ret_n = end - start;
	return (void *)(uintptr_t)start;
}

static void test_image(void **state)
{
	struct error err = {0};
	size_t n, image_n;
	void *memory = vdso(&n);
	struct objfile *o, *twin;
	const struct segment *segments;
	bool found = false;

	if (!n)
		skip();
	o = objfile_open_image(memory, n, "[vdso]", &err);
	assert_non_null(o);
	assert_int_equal(objfile_fd(o), -1);
	assert_memory_equal(objfile_image(o, &image_n), memory, n);
	assert_int_equal(image_n, n);
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DYNSYM);
	assert_true(objfile_segments(o, &segments) > 0);
	for (uint64_t i = 0; i < segments[0].memsz_bytes; i++) {
		struct symbol s;

		found |= objfile_symbol(o, segments[0].vaddr + i, &s) &&
			 strstr(s.name, "clock_gettime");
	}
	assert_true(found);
	assert_non_null(objfile_eh_frame(o)->data);
	assert_non_null(objfile_eh_frame_hdr(o)->data);
	twin = objfile_twin(o);
	assert_non_null(twin);
	assert_ptr_not_equal(objfile_image(twin, &image_n), objfile_image(o, &n));
	assert_int_equal(objfile_symbol_source(twin), SYMBOLS_DYNSYM);
	objfile_put(o);
	objfile_put(twin);
	assert_null(objfile_open_image("hello", 5, "[text]", &err));
	assert_int_equal(err.code, -ENOEXEC);
}

/* Every function that nm lists is found at its first and last byte. */
static void test_symbols_equal_nm(void **state)
{
	struct objfile *o = open_name("prog");
	nm_vec all = {0};
	unsigned checked = 0;

	nm("prog", &all);
	for (uint32_t i = 0; i < all.n; i++) {
		const struct nm_symbol *want = &all.v[i];
		struct symbol got;

		if (!strchr("tTwW", want->type) || !want->size)
			continue;
		assert_true(objfile_symbol(o, want->vaddr, &got));
		assert_int_equal(got.vaddr, want->vaddr);
		assert_int_equal(got.size, want->size);
		assert_true(objfile_symbol(o, want->vaddr + want->size - 1, &got));
		assert_int_equal(got.vaddr, want->vaddr);
		checked++;
	}
	assert_true(checked >= 4);
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_SYMTAB);
	vec_done(&all);
	objfile_put(o);
}

/* Assembler labels: one with no size extends to the next symbol, one inside a function is
 * no function, and nothing covers the padding behind a sized one. */
static void test_symbol_extent(void **state)
{
	struct objfile *o = open_name("prog");
	struct nm_symbol label = nm_find("prog", "label"),
			 sized = nm_find("prog", "sized");
	struct symbol got;

	assert_int_equal(sized.vaddr, label.vaddr + 3);
	assert_true(objfile_symbol(o, label.vaddr + 2, &got));
	assert_string_equal(got.name, "label");
	assert_int_equal(got.size, 3);
	assert_true(objfile_symbol(o, sized.vaddr + 1, &got));
	assert_string_equal(got.name, "sized");
	assert_false(objfile_symbol(o, sized.vaddr + 2, &got));
	assert_false(objfile_symbol(o, 0, &got));
	assert_false(objfile_symbol(o, UINT64_MAX, &got));
	objfile_put(o);
}

/* The chain is the same for every debug format, compiler, linker and kind of executable.
 */
static void test_variants(void **state)
{
	static const char *const flags[] = {
		"-g -O1",
		"-g -O2",
		"-gdwarf-4 -O2",
		"-gdwarf-5 -O2 -ffunction-sections -Wl,--gc-sections",
		"-g -O2 -gz",
		"-g -O2 -static",
		"-g -O2 -static-pie",
		"-g -O2 -no-pie",
		"-g -O2 -fuse-ld=lld",
		"-g -O2 -fuse-ld=gold",
		"-g -O2 -gsplit-dwarf",
		"-g -O2 -fdebug-types-section",
		"-g -O2 -Wl,--build-id=none",
	};
	static const char *const compilers[] = {NULL, "clang", "gcc"};

	for (size_t c = 0; c < ARRAY_SIZE(compilers); c++) {
		const char *compiler = compilers[c] ? compilers[c] : cc();

		for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
			struct objfile *o;

			if (!sh("%s %s prog.c -o variant", compiler, flags[i])) {
				print_message("left out: %s %s\n", compiler, flags[i]);
				assert_true(i > 0 || c > 0);
				continue;
			}
			o = open_name("variant");
			assert_c_chains(o, "variant");
			assert_true(objfile_has_lines(o));
			objfile_put(o);
		}
	}
}

static void test_short_array(void **state)
{
	struct objfile *o = open_name("prog");
	struct nm_symbol outer = nm_find("prog", "outer");
	struct source_frame frames[3];

	for (uint64_t i = 0; i < outer.size; i++) {
		uint64_t vaddr = outer.vaddr + i;

		if (objfile_source(o, vaddr, frames, 3) < 3)
			continue;
		/* The function that holds the code is kept. */
		assert_int_equal(objfile_source(o, vaddr, frames, 2), 2);
		assert_string_equal(frames[0].name, "inner");
		assert_string_equal(frames[1].name, "outer");
		assert_int_equal(objfile_source(o, vaddr, frames, 1), 1);
		assert_string_equal(frames[0].name, "outer");
		assert_int_equal(objfile_source(o, vaddr, frames, 0), 0);
		objfile_put(o);
		return;
	}
	fail_msg("no address with three functions");
}

static void test_cxx(void **state)
{
	static const struct want kept[] = {
		{"app::(anonymous namespace)::tool::twice", 5, 5},
		{"app::(anonymous namespace)::local", 9, 7},
		{"app::(anonymous namespace)::kept(int)", 13, 11},
	};
	static const struct want run[] = {{"int app::run<int>(int)", 18, 16}};
	struct nm_symbol symbol;
	struct source_frame frame;
	struct objfile *o;

	build("cxx", cxx(), "prog.cc", "-g -O2");
	o = open_name("cxx");
	assert_chain(o, nm_find("cxx", "_ZN3app3runIiEET_S1_"), run, 1, "prog.cc");
	symbol = nm_find("cxx", "_ZN3app12_GLOBAL__N_14keptEi");
	assert_chain(o, symbol, kept, 3, "prog.cc");
	objfile_put(o);
	/* The physical name is the same without DWARF. */
	assert_true(sh("strip --strip-debug cxx"));
	o = open_name("cxx");
	assert_int_equal(objfile_source(o, symbol.vaddr, &frame, 1), 1);
	assert_string_equal(frame.name, kept[2].name);
	assert_string_equal(frame.linkage_name, symbol.name);
	objfile_put(o);
}

/* GCC's "f.cold" is part of f where DWARF says so, and named as in the file where it does
 * not. */
static void test_cold_part(void **state)
{
	static const char source[] =
		"extern void abort(void);\n"
		"__attribute__((cold, noinline)) void report(int x) { if (x) abort(); }\n"
		"__attribute__((noinline)) int hot(int x)\n"
		"{\n"
		"	if (x == 77) { report(x); report(x + 1); return report(x + 2), "
		"9; }\n"
		"	return x * 3;\n"
		"}\n"
		"int main(int argc, char **argv) { return hot(argc); }\n";
	struct source_frame frame;
	struct nm_symbol cold;
	struct objfile *o;

	write_file("cold.c", source, sizeof(source) - 1);
	if (!sh("gcc -g -O2 cold.c -o cold && nm cold | grep 'hot.cold'")) {
		print_message("skipped: the compiler makes no cold part\n");
		skip();
	}
	cold = nm_find("cold", "hot.cold");
	o = open_name("cold");
	assert_int_equal(objfile_source(o, cold.vaddr, &frame, 1), 1);
	assert_string_equal(frame.name, "hot");
	assert_int_equal(frame.start_line, 3);
	objfile_put(o);
	assert_true(sh("strip --strip-debug cold"));
	o = open_name("cold");
	assert_int_equal(objfile_source(o, cold.vaddr, &frame, 1), 1);
	assert_string_equal(frame.name, "hot.cold");
	objfile_put(o);
}

static void test_stripped(void **state)
{
	struct objfile *o;
	struct symbol s;

	assert_true(
		sh("%s -g -O2 -rdynamic prog.c -o dynamic && strip dynamic -o stripped",
		   cc()));
	o = open_name("stripped");
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DYNSYM);
	assert_bare(o, nm_find("dynamic", "outer"));
	assert_false(objfile_symbol(o, nm_find("dynamic", "hidden").vaddr, &s));
	objfile_put(o);
	assert_true(sh("%s -O2 -static prog.c -o nothing && strip nothing", cc()));
	o = open_name("nothing");
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_NONE);
	assert_false(objfile_symbol(o, objfile_entry(o), &s));
	objfile_put(o);
}

/* Without section headers everything comes from the program headers. */
static void test_no_section_headers(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct objfile *o, *whole;
	const struct section_view *a, *b;
	Elf64_Ehdr *ehdr;
	size_t n;

	assert_true(
		sh("%s -g -O2 -rdynamic prog.c -o dynamic && strip dynamic -o stripped",
		   cc()));
	read_file("stripped", &bytes, &n);
	ehdr = (Elf64_Ehdr *)bytes;
	ehdr->e_shoff = 0;
	ehdr->e_shnum = 0;
	ehdr->e_shstrndx = 0;
	write_file("headless", bytes, n);
	o = open_name("headless");
	whole = open_name("stripped");
	assert_string_equal(objfile_build_id(o), objfile_build_id(whole));
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DYNSYM);
	assert_bare(o, nm_find("dynamic", "outer"));
	a = objfile_eh_frame_hdr(o);
	b = objfile_eh_frame_hdr(whole);
	assert_int_equal(a->vaddr, b->vaddr);
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->data, b->data, b->size);
	a = objfile_eh_frame(o);
	b = objfile_eh_frame(whole);
	assert_int_equal(a->vaddr, b->vaddr);
	assert_true(a->size >= b->size);
	assert_memory_equal(a->data, b->data, b->size);
	objfile_put(o);
	objfile_put(whole);
}

/* By build-id or CRC: a debug file of another build is not used. */
static void debuglink(const char *flags, const char *debug_dir)
{
	struct objfile *o;
	struct nm_symbol outer;

	build("whole", cc(), "prog.c", flags);
	outer = nm_find("whole", "outer");
	assert_true(sh("rm -rf link .debug *.debug && mkdir -p %s &&"
		       "objcopy --only-keep-debug whole %s/link.debug &&"
		       "strip whole -o link &&"
		       "objcopy --add-gnu-debuglink=%s/link.debug link",
		       debug_dir, debug_dir, debug_dir));
	o = open_name("link");
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DEBUGFILE);
	assert_c_chains(o, "whole");
	objfile_put(o);
	/* Same name, other contents. */
	assert_true(sh("sed 's/sink \\* x/sink + x + 7/' prog.c > other.c &&"
		       "%s %s -O0 other.c -o other &&"
		       "objcopy --only-keep-debug other %s/link.debug",
		       cc(), flags, debug_dir));
	o = open_name("link");
	assert_int_not_equal(objfile_symbol_source(o), SYMBOLS_DEBUGFILE);
	assert_false(objfile_has_lines(o));
	assert_int_equal(objfile_symbol(o, outer.vaddr, &(struct symbol){0}), false);
	objfile_put(o);
	/* The debug file is the file itself: no loop, no names. */
	assert_true(
		sh("rm %s/link.debug && ln link %s/link.debug", debug_dir, debug_dir));
	o = open_name("link");
	assert_false(objfile_has_lines(o));
	objfile_put(o);
}

static void test_debuglink_build_id(void **state)
{
	debuglink("-g -O2", ".");
}

static void test_debuglink_crc(void **state)
{
	debuglink("-g -O2 -Wl,--build-id=none", ".");
}

static void test_debuglink_directory(void **state)
{
	debuglink("-g -O2", ".debug");
}

/* Makes the index of an xz file with one block say that it unpacks to nothing. */
static void lie_about_size(const char *name)
{
	_cleanup_free_ char *path = path_of(name), *data = NULL;
	uint32_t backward;
	size_t n;
	char *p;

	assert_int_equal(io_slurp(path, (size_t)1 << 20, &data, &n), 0);
	memcpy(&backward, data + n - 8, 4);
	p = data + n - 12 - ((size_t)backward + 1) * 4 + 2;
	while (*p++ & 0x80) /* the size as stored */
		;
	for (; *p & 0x80; p++)
		*p = (char)0x80;
	*p = 0;
	write_file(name, data, n);
}

static size_t max_rss_bytes(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (size_t)ru.ru_maxrss * 1024;
}

static void test_minidebuginfo(void **state)
{
	size_t before;
	struct objfile *o;

	if (!have("xz"))
		skip();
	build("mini", cc(), "prog.c", "-g -O2 -rdynamic");
	assert_true(sh("cp mini whole && objcopy --strip-debug mini mini.syms &&"
		       "xz -c mini.syms > mini.xz && strip mini &&"
		       "objcopy --add-section .gnu_debugdata=mini.xz mini"));
	o = open_name("mini");
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_MINIDEBUG);
	assert_bare(o, nm_find("whole", "hidden"));
	assert_bare(o, nm_find("whole", "outer"));
	objfile_put(o);
	/* 600 MB of zeros in 90 KB: refused unread. */
	assert_true(sh("head -c 600000000 /dev/zero | xz -1 > bomb.xz &&"
		       "objcopy --update-section .gnu_debugdata=bomb.xz mini bomb"));
	o = open_name("bomb");
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DYNSYM);
	objfile_put(o);
	/* The same, and libdwfl would see the lie when all is unpacked. */
	lie_about_size("bomb.xz");
	assert_true(sh("objcopy --update-section .gnu_debugdata=bomb.xz mini bomb"));
	o = open_name("bomb");
	before = max_rss_bytes();
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DYNSYM);
	assert_true(max_rss_bytes() - before < (size_t)300 << 20);
	objfile_put(o);
	/* Damaged: what .dynsym has is left. */
	assert_true(sh("head -c 300 mini.xz > cut.xz &&"
		       "objcopy --update-section .gnu_debugdata=cut.xz mini"));
	o = open_name("mini");
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DYNSYM);
	assert_bare(o, nm_find("whole", "outer"));
	objfile_put(o);
}

/* Assembles bomb.s to "bomb". */
static struct objfile *open_bomb(const char *source, const char *flags)
{
	write_file("bomb.s", source, strlen(source));
	assert_true(sh("%s -nostdlib -shared %s bomb.s -o bomb", cc(), flags));
	return open_name("bomb");
}

/* 150 MB of zeros in 150 KB: zlib would go up to a thousand times the size. */
static void test_inflated_dwarf(void **state)
{
	static const char *const forms[] = {"zlib", "zlib-gnu"};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		char flags[64];
		struct objfile *o;

		snprintf(flags, sizeof(flags), "-Wl,--compress-debug-sections=%s",
			 forms[i]);
		o = open_bomb(".section .debug_info,\"\",@progbits\n.zero 64\n"
			      ".section .debug_ranges,\"\",@progbits\n.zero 150000000\n",
			      flags);
		assert_false(objfile_has_lines(o));
		objfile_put(o);
		o = open_bomb(".section .debug_info,\"\",@progbits\n.zero 64\n"
			      ".section .debug_ranges,\"\",@progbits\n.zero 1500000\n",
			      flags);
		assert_true(objfile_has_lines(o));
		objfile_put(o);
	}
}

/* 8000 functions that share one list of 8000 ranges: 64 million in 170 KB. */
static void test_shared_ranges(void **state)
{
	struct source_frame frames[4];
	size_t before = max_rss_bytes();
	struct objfile *o = open_bomb(
		".text\n.globl f\nf: .zero 16, 0x90\n"
		".section .debug_abbrev,\"\",@progbits\n"
		".uleb128 1, 0x11; .byte 1; .uleb128 0x13, 5, 0x55, 0x17, 0x11, 1, 0, 0\n"
		".uleb128 2, 0x2e; .byte 0; .uleb128 0x55, 0x17, 0, 0; .byte 0\n"
		".section .debug_ranges,\"\",@progbits\n"
		".rept 8000\n.quad f, f + 8\n.endr\n.quad 0, 0\n"
		".section .debug_info,\"\",@progbits\n"
		".long 2f - 1f\n1: .short 4; .long .debug_abbrev; .byte 8\n"
		".uleb128 1; .short 12; .long 0; .quad 0\n"
		".rept 8000\n.uleb128 2; .long 0\n.endr\n.byte 0\n2:\n",
		"");

	assert_true(objfile_has_lines(o));
	assert_int_equal(objfile_source(o, nm_find("bomb", "f").vaddr, frames, 4), 1);
	assert_true(max_rss_bytes() - before < (size_t)300 << 20);
	objfile_put(o);
}

/* 30,000 files in a folder whose name has 100,000 letters: libdw would join them. */
static void test_long_paths(void **state)
{
	struct source_frame frames[4];
	size_t before = max_rss_bytes();
	struct objfile *o = open_bomb(
		".text\n.globl f\nf: .zero 16, 0x90\n"
		".section .debug_abbrev,\"\",@progbits\n"
		".uleb128 1, 0x11; .byte 0; .uleb128 0x13, 5, 0x11, 1, 0x12, 6, 0x10, "
		"0x17\n"
		".uleb128 0, 0; .byte 0\n"
		".section .debug_info,\"\",@progbits\n"
		".long 2f - 1f\n1: .short 4; .long .debug_abbrev; .byte 8\n"
		".uleb128 1; .short 12; .quad f; .long 16, 0\n2:\n"
		".section .debug_line,\"\",@progbits\n"
		".long 6f - 3f\n3: .short 4; .long 5f - 4f\n"
		"4: .byte 1, 1, 1, 251, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1\n"
		".fill 100000, 1, 'a'\n.byte 0, 0\n"
		".rept 30000\n.byte 'b', 0, 1, 0, 0\n.endr\n.byte 0\n"
		"5: .byte 0, 9, 2; .quad f; .byte 1, 2, 16, 0, 1, 1\n6:\n",
		"");

	assert_true(objfile_has_lines(o));
	assert_int_equal(objfile_source(o, nm_find("bomb", "f").vaddr, frames, 4), 1);
	assert_null(frames[0].file);
	assert_true(max_rss_bytes() - before < (size_t)300 << 20);
	objfile_put(o);
}

/* 5000 units with one table of 20,000 abbreviations: libdw would parse it for each. */
static void test_shared_abbrevs(void **state)
{
	struct source_frame frames[4];
	size_t before = max_rss_bytes();
	struct objfile *o = open_bomb(
		".text\n.globl f\nf: .zero 16, 0x90\n"
		".section .debug_abbrev,\"\",@progbits\n.set i, 1\n"
		".rept 20000\n.uleb128 i, 0x34; .byte 0, 0, 0\n.set i, i + 1\n.endr\n"
		".uleb128 i, 0x11; .byte 0; .uleb128 0x11, 1, 0x12, 11, 0, 0; .byte 0\n"
		".section .debug_info,\"\",@progbits\n.rept 5000\n"
		".long 19; .short 4; .long 0; .byte 8; .uleb128 i; .quad 0; .byte 1\n"
		".endr\n",
		"");

	assert_false(objfile_has_lines(o));
	assert_int_equal(objfile_source(o, nm_find("bomb", "f").vaddr, frames, 4), 1);
	assert_true(max_rss_bytes() - before < (size_t)300 << 20);
	objfile_put(o);
}

/* A file without sections: a PT_LOAD of all of it and @n headers of type @type, each of
 * the @bytes at the end from a place of its own on; the last one of the last 24 only. */
static struct objfile *open_headers(uint32_t type, unsigned n, const void *end,
				    size_t bytes)
{
	size_t phdrs = (n + 1) * sizeof(Elf64_Phdr), all = sizeof(Elf64_Ehdr) + phdrs;
	_cleanup_free_ uint8_t *file = calloc(1, all + bytes);
	Elf64_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(n + 1),
	};
	Elf64_Phdr *phdr = (void *)(file + sizeof(ehdr));

	memcpy(file, &ehdr, sizeof(ehdr));
	phdr[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X};
	phdr[0].p_filesz = phdr[0].p_memsz = all + bytes;
	for (unsigned i = 1; i <= n; i++) {
		size_t from = i == n ? bytes - 24 : 4 * i;

		phdr[i] = (Elf64_Phdr){.p_type = type, .p_offset = all + from};
		phdr[i].p_vaddr = phdr[i].p_offset;
		phdr[i].p_filesz = phdr[i].p_memsz = bytes - from;
	}
	memcpy(file + all, end, bytes);
	write_file("headers", file, all + bytes);
	return open_name("headers");
}

/* libelf keeps a copy of each piece of a file that it is asked for: 2 GB of these 600
 * KB. */
static void test_many_headers(void **state)
{
	static uint64_t dynamic[20000];
	uint32_t notes[600] = {0};
	size_t before = max_rss_bytes();
	struct objfile *o;

	for (size_t i = 0; i < ARRAY_SIZE(dynamic); i++)
		dynamic[i] = 1;
	o = open_headers(PT_DYNAMIC, 4000, dynamic, sizeof(dynamic));
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_NONE);
	assert_true(max_rss_bytes() - before < (size_t)300 << 20);
	objfile_put(o);

	/* The build-id is in the last note: "GNU", 8 bytes. */
	memcpy(notes + 594, (uint32_t[]){4, 8, 3, 0x554e47, 0x04030201, 0x08070605}, 24);
	for (unsigned n = 64; n <= 65; n++) {
		for (unsigned i = 0; i < 594; i++) /* the others end nowhere */
			notes[i] = sizeof(notes);
		o = open_headers(PT_NOTE, n, notes, sizeof(notes));
		assert_string_equal(objfile_build_id(o),
				    n == 64 ? "0102030405060708" : "");
		objfile_put(o);
	}
}

/* A debuginfod "server" that is a directory. Asked only when the user says so. */
static void test_debuginfod(void **state)
{
	_cleanup_free_ char *url = xasprintf("file://%s/server", dir);
	_cleanup_free_ char *cache = path_of("cache");
	enum symbol_source without, with;
	struct objfile *o;

	assert_true(sh("%s -g -O2 prog.c -o whole && strip whole -o asks", cc()));
	o = open_name("asks");
	assert_true(sh("mkdir -p server/buildid/%s &&"
		       "objcopy --only-keep-debug whole server/buildid/%s/debuginfo",
		       objfile_build_id(o), objfile_build_id(o)));
	without = objfile_symbol_source(o);
	objfile_put(o);
	setenv("DEBUGINFOD_URLS", url, 1);
	setenv("DEBUGINFOD_CACHE_PATH", cache, 1);
	o = open_name("asks");
	with = objfile_symbol_source(o);
	unsetenv("DEBUGINFOD_URLS");
	assert_int_not_equal(without, SYMBOLS_DEBUGFILE);
	if (with == SYMBOLS_DEBUGFILE)
		assert_c_chains(o, "whole");
	objfile_put(o);
	if (with == SYMBOLS_DEBUGFILE)
		return;
	print_message("skipped: libdebuginfod is not installed\n");
	skip();
}

/* dwz(1) moves what two files share into a third. */
static void test_dwz(void **state)
{
	struct objfile *o;

	if (!have("dwz")) {
		print_message("skipped: dwz is not installed\n");
		skip();
	}
	assert_true(sh(
		"%s -gdwarf-4 -O2 prog.c -o dwz1 && %s -gdwarf-4 -O2 -DX prog.c -o dwz2",
		cc(), cc()));
	if (!sh("dwz -m dwz.shared dwz1 dwz2 && test -s dwz.shared &&"
		"readelf -S dwz1 | grep gnu_debugaltlink")) {
		print_message("skipped: dwz found nothing to share\n");
		skip();
	}
	o = open_name("dwz1");
	assert_c_chains(o, "dwz1");
	objfile_put(o);
	/* Without the shared file: no crash, and the code still has its function. */
	assert_true(sh("mv dwz.shared gone"));
	o = open_name("dwz1");
	assert_int_equal(objfile_source(o, nm_find("dwz1", "outer").vaddr,
					&(struct source_frame){0}, 1),
			 1);
	objfile_put(o);
}

/* Debian's libc6-dbg, found by build-id. */
static void test_build_id_directory(void **state)
{
	static const char libc[] = "/lib/x86_64-linux-gnu/libc.so.6";
	_cleanup_free_ char *debug = NULL;
	struct source_frame frames[MAX_FRAMES];
	struct objfile *o;
	char line[256] = "";
	unsigned n;
	FILE *f;

	if (access(libc, R_OK) != 0)
		skip();
	o = open_path(libc);
	debug = xasprintf("/usr/lib/debug/.build-id/%.2s/%s.debug", objfile_build_id(o),
			  objfile_build_id(o) + 2);
	if (access(debug, R_OK) != 0) {
		print_message("skipped: no %s\n", debug);
		objfile_put(o);
		skip();
	}
	assert_int_equal(objfile_symbol_source(o), SYMBOLS_DEBUGFILE);
	f = popen(
		"nm -D --defined-only /lib/x86_64-linux-gnu/libc.so.6 | grep ' qsort_r@'",
		"r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	n = objfile_source(o, strtoull(line, NULL, 16), frames, MAX_FRAMES);
	assert_true(n > 0);
	assert_string_equal(frames[n - 1].name, "qsort_r");
	assert_non_null(strstr(frames[n - 1].file, "msort.c"));
	objfile_put(o);
}

/* One address in seven of the whole .text against addr2line(1): functions and lines.
 * Names are compared where both have one; the padding between functions belongs to nobody
 * here. */
static void test_oracle_addr2line(void **state)
{
	struct source_frame frames[MAX_FRAMES];
	struct nm_symbol first, last;
	unsigned total = 0, same = 0, n = 0, at = 0;
	struct objfile *o;
	_cleanup_free_ char *path = path_of("oracle.txt");
	char name[4096], place[4096];
	FILE *f;

	if (!have("addr2line"))
		skip();
	build("oracle", cxx(), "prog.cc", "-gdwarf-4 -O2");
	first = nm_find("oracle", "_ZN3app12_GLOBAL__N_14keptEi");
	last = nm_find("oracle", "main");
	if (first.vaddr > last.vaddr) {
		struct nm_symbol t = first;

		first = last;
		last = t;
	}
	assert_true(
		sh("i=%" PRIu64 "; while [ $i -lt %" PRIu64 " ]; do printf '0x%%x\\n' $i;"
		   "i=$((i + 1)); done | addr2line -a -i -f -C -e oracle > oracle.txt",
		   first.vaddr, last.vaddr + last.size));
	o = open_name("oracle");
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(name, sizeof(name), f)) {
		unsigned line;

		if (strncmp(name, "0x", 2) == 0) {
			assert_true(at >= n); /* the chain before was not longer */
			n = objfile_source(o, strtoull(name, NULL, 16), frames,
					   MAX_FRAMES);
			at = 0;
			continue;
		}
		assert_non_null(fgets(place, sizeof(place), f));
		line = (unsigned)strtoul(strrchr(place, ':') + 1, NULL, 10);
		if (!n)
			continue; /* padding */
		total++;
		assert_true(at < n);
		same += frames[at].line == line;
		at++;
	}
	fclose(f);
	print_message("%u frames, %u with the line of addr2line\n", total, same);
	assert_true(total > 50);
	assert_int_equal(same, total);
	objfile_put(o);
}

static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Asks everything of a file that may be damaged. Whatever the answers are, they are whole
 * strings. */
static void exercise(const char *bytes, size_t n, bool image, uint64_t low, uint64_t high)
{
	struct source_frame frames[MAX_FRAMES];
	struct objfile *o;
	struct error err = {0};
	uint64_t vaddr;
	size_t length = 0;
	int fd;

	if (image) {
		o = objfile_open_image(bytes, n, "[image]", &err);
	} else {
		fd = memfd_create("damaged", MFD_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(io_write(fd, bytes, n), 0);
		o = objfile_open(fd, "damaged", &err);
	}
	if (!o) {
		assert_true(err.code < 0);
		return;
	}
	objfile_eh_frame_hdr(o);
	objfile_eh_frame(o);
	objfile_off_to_vaddr(o, n / 2, &vaddr);
	objfile_read(o, low, frames, sizeof(frames));
	for (uint64_t v = low; v < high; v += 5) {
		unsigned got = objfile_source(o, v, frames, MAX_FRAMES);
		struct symbol s;

		if (objfile_symbol(o, v, &s))
			length += strlen(s.name);
		for (unsigned i = 0; i < got; i++) {
			length += strlen(frames[i].name) + strlen(frames[i].linkage_name);
			length += frames[i].file ? strlen(frames[i].file) : 0;
		}
	}
	assert_true(length < 1ull << 40);
	objfile_put(o);
}

struct victim {
	const char *name, *compiler, *source, *flags;
};

static void hostile(const struct victim *v, bool flip, unsigned rounds)
{
	_cleanup_free_ char *bytes = NULL, *copy = NULL;
	uint64_t seed = 0x2545f4914f6cdd1dull, low, high;
	struct nm_symbol first;
	size_t n;

	build(v->name, v->compiler, v->source, v->flags);
	read_file(v->name, &bytes, &n);
	copy = xmalloc(n);
	first = nm_find(v->name, "main");
	low = first.vaddr > 0x100 ? first.vaddr - 0x100 : 0;
	high = low + 0x300;
	for (unsigned i = 0; i < rounds; i++) {
		size_t used = flip ? n : n * i / rounds;

		memcpy(copy, bytes, n);
		for (unsigned k = 0; flip && k < 1 + i % 32; k++) {
			size_t at = random_next(&seed) % n;

			/* Every other round the headers: they are small and matter most.
			 */
			if (i % 4 == 0)
				at %= 1024;
			copy[at] = (char)random_next(&seed);
		}
		exercise(copy, used, i % 8 == 1, low, high);
	}
}

static void test_truncated(void **state)
{
	hostile(&(struct victim){"victim", cc(), "prog.c", "-g -O1"}, false, 600);
}

static void test_flipped_bytes_c(void **state)
{
	hostile(&(struct victim){"victim", cc(), "prog.c", "-g -O1"}, true, 1000);
}

static void test_flipped_bytes_cxx(void **state)
{
	hostile(&(struct victim){"victim", cxx(), "prog.cc", "-gdwarf-4 -O2"}, true,
		1000);
}

/* The file shrinks while it is open: short answers, no signal. */
static void test_truncated_while_open(void **state)
{
	_cleanup_free_ char *path = path_of("shrink");
	struct nm_symbol outer = nm_find("prog", "outer");
	struct source_frame frames[MAX_FRAMES];
	struct objfile *o;
	uint8_t buf[16];

	assert_true(sh("cp prog shrink"));
	o = open_path(path);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(objfile_read(o, outer.vaddr, buf, sizeof(buf)), 0);
	objfile_source(o, outer.vaddr, frames, MAX_FRAMES);
	objfile_eh_frame(o);
	objfile_put(o);
}

/* Looking for debug files leaves no descriptor open and closes none of ours. */
static void test_descriptors(void **state)
{
	int before = dup(0), after;
	struct objfile *o;

	if (before < 0)
		before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(before);
	for (unsigned i = 0; i < 20; i++) {
		o = open_name("prog");
		objfile_symbol_source(o);
		objfile_has_lines(o);
		objfile_put(o);
		if (access("/lib/x86_64-linux-gnu/libc.so.6", R_OK) != 0)
			continue;
		o = open_path("/lib/x86_64-linux-gnu/libc.so.6");
		objfile_symbol_source(o);
		objfile_put(o);
	}
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(after, before);
	close(after);
}

static int set_up(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	alarm(600); /* a hang is a failure */
	unsetenv("DEBUGINFOD_URLS");
	write_file("prog.c", c_source, sizeof(c_source) - 1);
	write_file("prog.cc", cxx_source, sizeof(cxx_source) - 1);
	if (sh("%s -g -O1 prog.c -o prog", cc()))
		return 0;
	print_error("%s does not compile\n", cc());
	return -1;
}

static int tear_down(void **state)
{
	return sh("cd / && rm -rf %s", dir) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_ids_are_unique),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_twin_of_less),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_32bit),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_symbols_equal_nm),
		cmocka_unit_test(test_symbol_extent),
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_short_array),
		cmocka_unit_test(test_cxx),
		cmocka_unit_test(test_cold_part),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_no_section_headers),
		cmocka_unit_test(test_debuglink_build_id),
		cmocka_unit_test(test_debuglink_crc),
		cmocka_unit_test(test_debuglink_directory),
		cmocka_unit_test(test_minidebuginfo),
		cmocka_unit_test(test_debuginfod),
		cmocka_unit_test(test_dwz),
		cmocka_unit_test(test_inflated_dwarf),
		cmocka_unit_test(test_shared_ranges),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_shared_abbrevs),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_build_id_directory),
		cmocka_unit_test(test_oracle_addr2line),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped_bytes_c),
		cmocka_unit_test(test_flipped_bytes_cxx),
		cmocka_unit_test(test_truncated_while_open),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
