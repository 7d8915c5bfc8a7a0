#pragma once
/* Threads that stand still, read from outside without being stopped. One thread at a
 * time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/event.h>

struct blocked;

struct blocked *blocked_new(void);
struct blocked *blocked_free(struct blocked *b); /* NULL is fine; returns NULL */
/* Learns of threads from forks, exits, execs and switches, in the order of time. */
void blocked_feed(struct blocked *b, const struct event *e);
/* Reads those that may have been blocked since they were last read. Returns the time it
 * ended, CLOCK_MONOTONIC. */
uint64_t blocked_look(struct blocked *b);
/* Reads this one thread at once: an EVENT_BLOCKED, with pointers that are good until the
 * next call. False: it runs, or may not be read. Not together with the others. */
bool blocked_read(struct blocked *b, uint32_t pid, uint32_t tid, struct event *ret_event);
/* The time of the next EVENT_BLOCKED; UINT64_MAX: there is none. */
uint64_t blocked_time(const struct blocked *b);
/* That event; its pointers are good until the next call. */
void blocked_next(struct blocked *b, struct event *ret_event);

/* calls.c: what a thread in system call @nr waits for. */
enum wait_call call_of_number(long nr);
/* The same by the name of a function of the kernel, of those on the stack one after the
 * other, the innermost first, until one says more than WAIT_UNKNOWN. */
enum wait_call call_of_function(const char *name);
/* True for functions that only switch, on whatever is waited for. */
bool call_is_scheduler(const char *name);
