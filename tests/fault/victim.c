/* What the rows of the fault matrix run. It leaves a file "ran" where it starts, does
 * what its arguments say, burns CPU time in burn_here() and exits with 7.
 *
 * 	victim				only that
 * 	victim die SIGNAL [core]	kills itself with it, by kill(2)
 * 	victim names			calls itself and its threads' comm hostile things
 * 	victim perfmap FILE		makes code at run time and FILE its perf map
 * 	victim map N			makes N separate mappings of code of its own file
 * 	victim files DIR		maps every file in DIR as code
 * 	victim lib FILE [cut|overwrite]	runs burn_lib() of FILE, then maybe damages FILE, and burns
 * 	victim lost FILE		the same, and FILE is loaded while profd is stopped and its
 * 					buffers are full
 * 	victim own unlink|overwrite	the same for its own file
 * 	victim deep DIR			goes 30 directories down, each with a long name, and starts itself
 * 	victim threads			a thread of it starts sleep(1), and it waits for ever
 * 	victim wait			says "ready PID" and waits for a signal, which it
 * prints */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char NAME[] = "burn_here";

__attribute__((noinline, noclone)) void burn_here(uint64_t n)
{
	uint64_t x = 1;

	for (; n; n--) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

#define BURN 40000000 /* about 50 ms */

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(3);
}

static void names(void)
{
	static const char *const all[] = {
		"a;b c\nd", "\x01\x02\x1b[31m\x7f", "\xff\xfe\xc3(",
		"<b>&\"'",  "]]><script>",	    "\xe2\x80\xae rtl",
		" ",	    "%s%n{{x}}|`"};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		prctl(PR_SET_NAME, all[i]);
		burn_here(BURN / 4);
	}
}

/* push rbp; mov rbp, rsp; L: dec rdi; jnz L; pop rbp; ret */
static const unsigned char loop_code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xff,
					  0xcf, 0x75, 0xfb, 0x5d, 0xc3};

/* The file's first line is given the code's address; "@" in it stands for that in other
 * lines. */
static void perfmap(const char *file)
{
	char path[64], line[256];
	char *code = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(uint64_t n);
	struct stat st;

	check(code != MAP_FAILED, "mmap");
	memcpy(code, loop_code, sizeof(loop_code));
	check(!mprotect(code, 1 << 20, PROT_READ | PROT_EXEC), "mprotect");
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	check(!stat(file, &st), file);
	if (S_ISFIFO(st.st_mode)) {
		check(!mkfifo(path, 0666), path);
	} else if (S_ISDIR(st.st_mode)) {
		check(!mkdir(path, 0777), path);
	} else if (st.st_size == 0) {
		check(!symlink(file, path), path);
	} else {
		FILE *from = fopen(file, "r"), *to = fopen(path, "w");
		int c;

		check(from && to, path);
		snprintf(line, sizeof(line), "%lx", (unsigned long)code);
		while ((c = getc(from)) != EOF)
			if (c == '@')
				fputs(line, to);
			else
				putc(c, to);
		check(!fclose(to), path);
	}
	printf("MAP %s\n", path);
	fflush(stdout);
	memcpy(&call, &code, sizeof(call));
	call(3 * BURN);
}

static void map_own(const char *count)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	check(fd >= 0, "own file");
	/* Every second page stays free: or the kernel joins them. */
	for (long i = strtol(count, NULL, 10); i > 0; i--) {
		char *at = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);

		check(at != MAP_FAILED, "room");
		check(mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
			   0) != MAP_FAILED,
		      "mmap");
	}
	close(fd);
}

static void map_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	check(d && !chdir(dir), dir);
	while ((e = readdir(d))) {
		int fd = e->d_name[0] == '.' ? -1 : open(e->d_name, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		check(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) !=
			      MAP_FAILED,
		      e->d_name);
		close(fd);
	}
	closedir(d);
}

static void damage(const char *file, const char *how)
{
	static char junk[4096];
	int fd = open(file, O_RDWR | O_CLOEXEC);
	struct stat st;

	check(fd >= 0 && !fstat(fd, &st), file);
	if (!strcmp(how, "cut")) {
		check(!ftruncate(fd, 100), file);
	} else {
		memset(junk, 0xff, sizeof(junk));
		for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(junk))
			check(pwrite(fd, junk, sizeof(junk), at) > 0, file);
	}
	close(fd);
}

static void lib(const char *file, const char *how)
{
	void *handle = dlopen(file, RTLD_NOW);
	void (*burn)(uint64_t n);
	void *symbol;

	if (!handle)
		fprintf(stderr, "%s\n", dlerror());
	check(handle != NULL, file);
	symbol = dlsym(handle, "burn_lib");
	check(symbol != NULL, "burn_lib");
	memcpy(&burn, &symbol, sizeof(burn));
	burn(BURN);
	if (how)
		damage(file, how);
}

static void lost(const char *file)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	check(!sched_setaffinity(0, sizeof(one), &one), "affinity");
	kill(getppid(), SIGSTOP);
	burn_here(8 * BURN);
	map_own("3000"); /* small records, where none of a sample's size fits any more */
	lib(file, NULL);
	kill(getppid(), SIGCONT);
	lib(file, NULL);
	lib(file, NULL);
	lib(file, NULL);
	lib(file, NULL);
}

static void own(const char *how)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	check(n > 0, "own name");
	self[n] = '\0';
	burn_here(BURN);
	if (!strcmp(how, "unlink"))
		check(!unlink(self), self);
	else
		damage(self, how);
}

static void deep(const char *self)
{
	char name[201];
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	check(fd >= 0, self);
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 30; i++) {
		check(!mkdir(name, 0777) || errno == EEXIST, name);
		check(!chdir(name), name);
	}
	int out = open("x", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	check(out >= 0, "x");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		check(write(out, buf, (size_t)n) == n, "x");
	close(out);
	execl("./x", "./x", (char *)NULL);
	check(0, "x");
}

static void *start_sleep(void *arg)
{
	if (fork() == 0)
		execlp("sleep", "sleep", "98761", (char *)NULL);
	pause();
	return arg;
}

static void threads(void)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, start_sleep, NULL), "thread");
	for (;;)
		pause();
}

static void on_signal(int sig)
{
	char text[] = "caught 00\n";

	text[7] = (char)('0' + sig / 10);
	text[8] = (char)('0' + sig % 10);
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(3);
	_exit(7);
}

static void wait_for_signal(void)
{
	sigset_t mask;

	/* What it was given: nothing may be blocked or ignored. */
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		struct sigaction old;

		if (sigismember(&mask, sig) == 1)
			printf("blocked %d\n", sig);
		if (!sigaction(sig, NULL, &old) && old.sa_handler != SIG_DFL)
			printf("not default %d\n", sig);
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGTSTP)
			signal(sig, on_signal);
	}
	burn_here(BURN);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		pause();
}

static void die(int sig, int core)
{
	const struct rlimit limit = {core ? RLIM_INFINITY : 0, core ? RLIM_INFINITY : 0};

	setrlimit(RLIMIT_CORE, &limit);
	burn_here(BURN);
	kill(getpid(), sig);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";
	int fd = open("ran", O_CREAT | O_WRONLY | O_CLOEXEC, 0666);

	if (fd >= 0)
		close(fd);
	if (!strcmp(what, "die"))
		die((int)strtol(arg, NULL, 10), argc > 3);
	if (!strcmp(what, "wait"))
		wait_for_signal();
	if (!strcmp(what, "threads"))
		threads();
	if (!strcmp(what, "names"))
		names();
	if (!strcmp(what, "perfmap"))
		perfmap(arg);
	if (!strcmp(what, "map"))
		map_own(arg);
	if (!strcmp(what, "files"))
		map_files(arg);
	if (!strcmp(what, "lib"))
		lib(arg, argc > 3 ? argv[3] : NULL);
	if (!strcmp(what, "lost"))
		lost(arg);
	if (!strcmp(what, "own"))
		own(arg);
	if (!strcmp(what, "deep"))
		deep("/proc/self/exe");
	burn_here(BURN);
	_exit(NAME[0] == 'b' ? 7 : 3); /* no destructors: their file may be damaged */
}
