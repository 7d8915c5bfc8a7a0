/* Names in a thread of its own, while the program still runs: reading a debug file or the
 * kernel's symbols takes tens of milliseconds, which somebody would wait for after the
 * program's end.
 *
 * The thread owns what it touches: second handles on the files (objfile_twin) and, until
 * namer_finish, the symbolizer. It is given addresses and keeps what was found; nobody
 * looks at that before it has ended, so nothing but the queue needs a lock. What it did
 * not get to, or all where no thread could be had, is looked up in namer_finish, by the
 * same handles: the names are the same in each case, and locations.c takes them in an
 * order that does not depend on threads. */
#include "session-priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/map.h>

/* DWARF is walked by recursion; what ulimit -s says is meant for the workload. */
#define STACK_BYTES ((size_t)8 << 20)

struct name_job {
	struct objfile *handle; /* NULL: the kernel */
	uint64_t address;
	location_id id;
};

struct name_answer {
	uint32_t first; /* of frames */
	uint16_t n;
	bool asked, named;
};

typedef VEC(struct name_job) job_vec;

struct namer {
	struct namer_options options;
	struct map handles; /* objfile_id -> struct objfile *, or NO_HANDLE */
	VEC(struct objfile *) twins;
	job_vec asked;	       /* not handed over yet */
	uint64_t submitted_ns; /* CLOCK_MONOTONIC */
	bool new_file; /* asked since then: reading its symbols is what takes time */
	bool started, running;
	bool at_end; /* started for the kernel's symbols alone */
	pthread_t thread;
	atomic_bool closing; /* the thread ends after the job it is at */

	pthread_mutex_t lock; /* of these two */
	job_vec queue;
	pid_t tid; /* of the thread; 0 until it has begun */
	pthread_cond_t changed;

	/* The thread's, as long as it runs. */
	job_vec taken;
	uint32_t next; /* of taken */
	VEC(struct source_frame) frames;
	VEC(struct name_answer) answers; /* by location id */
	uint64_t cpu_ns;
};
#define NO_HANDLE UINT64_MAX
/* Waking a thread costs as much as looking up several names: some are waited for, few enough
 * that little is left at the end. */
#define SUBMIT_JOBS 256u
#define SUBMIT_NS (NSEC_PER_SEC / 4)

struct namer *namer_new(const struct namer_options *o)
{
	struct namer *nm = xcalloc(1, sizeof(*nm));

	nm->options = *o;
	pthread_mutex_init(&nm->lock, NULL);
	pthread_cond_init(&nm->changed, NULL);
	return nm;
}

/* --- looking up --------------------------------------------------------------------- */

static void job_do(struct namer *nm, const struct name_job *j)
{
	struct source_frame frames[SOURCE_FRAMES_MAX];
	struct name_answer *a;
	bool named = true;
	unsigned n;

	if (j->handle)
		n = objfile_source(j->handle, j->address, frames, SOURCE_FRAMES_MAX);
	else
		n = symbolize_kernel(nm->options.symbolizer, j->address, frames, &named);
	while (nm->answers.n <= j->id)
		vec_add(&nm->answers);
	a = &nm->answers.v[j->id];
	*a = (struct name_answer){nm->frames.n, (uint16_t)n, true, named};
	for (unsigned i = 0; i < n; i++)
		vec_push(&nm->frames, frames[i]);
}

static bool jobs_take(struct namer *nm)
{
	job_vec done = nm->taken;

	if (!nm->queue.n)
		return false;
	nm->taken = nm->queue;
	nm->next = 0;
	done.n = 0;
	nm->queue = done;
	return true;
}

static void jobs_do(struct namer *nm)
{
	while (nm->next < nm->taken.n && !atomic_load(&nm->closing))
		job_do(nm, &nm->taken.v[nm->next++]);
}

static void *namer_thread(void *arg)
{
	struct namer *nm = arg;

	/* On Linux a thread has a nice value of its own: sched(7), "The nice value". */
	setpriority(PRIO_PROCESS, (id_t)gettid(), nm->options.nice);
	pthread_mutex_lock(&nm->lock);
	nm->tid = gettid();
	pthread_mutex_unlock(&nm->lock);
	/* Nearly every program that is met at all is met in the kernel. */
	if (nm->options.kernel && (nm->at_end || !atomic_load(&nm->closing)))
		symbolizer_has_kernel(nm->options.symbolizer);
	pthread_mutex_lock(&nm->lock);
	while (!atomic_load(&nm->closing)) {
		if (!jobs_take(nm)) {
			pthread_cond_wait(&nm->changed, &nm->lock);
			continue;
		}
		pthread_mutex_unlock(&nm->lock);
		jobs_do(nm);
		pthread_mutex_lock(&nm->lock);
	}
	pthread_mutex_unlock(&nm->lock);
	nm->cpu_ns = clock_thread_ns();
	return NULL;
}

/* --- the owner's side --------------------------------------------------------------- */

/* Signals are for the thread that waits for them. Where there is no thread to be had (a
 * limit of pids) all waits for the end. */
static void thread_start(struct namer *nm)
{
	pthread_attr_t attr;
	sigset_t all, old;

	nm->started = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	nm->running = !pthread_create(&nm->thread, &attr, namer_thread, nm);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* After this the thread takes no more jobs. Returns whether it ever took one. */
static bool thread_close(struct namer *nm)
{
	bool took;

	pthread_mutex_lock(&nm->lock);
	took = nm->taken.n > 0;
	atomic_store(&nm->closing, true);
	pthread_cond_signal(&nm->changed);
	/* From here on somebody waits for it. Refused to most users: then it goes on as
	 * it is. */
	if (nm->tid)
		setpriority(PRIO_PROCESS, (id_t)nm->tid, getpriority(PRIO_PROCESS, 0));
	pthread_mutex_unlock(&nm->lock);
	return took;
}

static void thread_join(struct namer *nm)
{
	if (nm->running)
		pthread_join(nm->thread, NULL);
	nm->running = false;
	atomic_store(&nm->closing, false);
}

struct namer *namer_free(struct namer *nm)
{
	if (!nm)
		return NULL;
	thread_close(nm);
	thread_join(nm);
	for (uint32_t i = 0; i < nm->twins.n; i++)
		objfile_put(nm->twins.v[i]);
	vec_done(&nm->twins);
	map_done(&nm->handles);
	vec_done(&nm->asked);
	vec_done(&nm->queue);
	vec_done(&nm->taken);
	vec_done(&nm->frames);
	vec_done(&nm->answers);
	pthread_cond_destroy(&nm->changed);
	pthread_mutex_destroy(&nm->lock);
	free(nm);
	return NULL;
}

struct objfile *namer_handle(struct namer *nm, struct objfile *o)
{
	uint64_t known = map_find(&nm->handles, objfile_id(o));
	struct objfile *twin;

	if (known)
		return known == NO_HANDLE ? NULL : (void *)(uintptr_t)known;
	twin = objfile_twin(o);
	map_put(&nm->handles, objfile_id(o), twin ? (uintptr_t)twin : NO_HANDLE);
	nm->new_file = true;
	if (twin)
		vec_push(&nm->twins, twin);
	return twin;
}

void namer_ask(struct namer *nm, location_id id, struct objfile *handle, uint64_t address)
{
	vec_push(&nm->asked, ((struct name_job){handle, address, id}));
}

static void jobs_queue(struct namer *nm)
{
	pthread_mutex_lock(&nm->lock);
	for (uint32_t i = 0; i < nm->asked.n; i++)
		vec_push(&nm->queue, nm->asked.v[i]);
	pthread_cond_signal(&nm->changed);
	pthread_mutex_unlock(&nm->lock);
	nm->asked.n = 0;
}

void namer_submit(struct namer *nm)
{
	uint64_t now_ns;

	if (!nm->asked.n)
		return;
	now_ns = clock_now_ns();
	if (!nm->new_file && nm->asked.n < SUBMIT_JOBS &&
	    now_ns - nm->submitted_ns < SUBMIT_NS)
		return;
	nm->submitted_ns = now_ns;
	nm->new_file = false;
	jobs_queue(nm);
	if (!nm->started)
		thread_start(nm);
}

/* True when there is work for two. */
static bool asks_both(const struct namer *nm)
{
	uint32_t files = 0;

	for (uint32_t i = 0; i < nm->queue.n; i++)
		files += nm->queue.v[i].handle != NULL;
	return files && files < nm->queue.n;
}

/* A program that ends at once leaves the thread at the kernel's symbols, with which it
 * begins. No file is in its hands then, nor any answer. */
static void files_do(struct namer *nm)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < nm->queue.n; i++) {
		if (nm->queue.v[i].handle)
			job_do(nm, &nm->queue.v[i]);
		else
			nm->queue.v[kept++] = nm->queue.v[i];
	}
	nm->queue.n = kept;
}

void namer_finish(struct namer *nm)
{
	jobs_queue(nm);
	if (!nm->started && asks_both(nm)) {
		nm->at_end = true;
		thread_start(nm);
	}
	nm->started = true;
	if (!thread_close(nm))
		files_do(nm);
	thread_join(nm);
	jobs_do(nm);
	while (jobs_take(nm))
		jobs_do(nm);
}

bool namer_answer(const struct namer *nm, location_id id,
		  struct source_frame frames[SOURCE_FRAMES_MAX], unsigned *ret_n,
		  bool *ret_named)
{
	const struct name_answer *a = id < nm->answers.n ? &nm->answers.v[id] : NULL;

	if (!a || !a->asked)
		return false;
	if (a->n)
		memcpy(frames, nm->frames.v + a->first, a->n * sizeof(*frames));
	*ret_n = a->n;
	*ret_named = a->named;
	return true;
}

uint64_t namer_cpu_ns(const struct namer *nm)
{
	return nm->cpu_ns;
}
