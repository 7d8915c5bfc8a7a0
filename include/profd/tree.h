#pragma once
/* The processes that come from one, or from several: told from the events of a whole
 * system by their forks and exits. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/event.h>

struct tree;

/* The parent of a process, 0 when it is not known. */
typedef uint32_t (*tree_parent_fn)(uint32_t pid);

/* @parent is asked when records were lost; NULL: /proc/PID/stat (proc_pid_stat(5)). */
struct tree *tree_new(uint32_t root, tree_parent_fn parent);
struct tree *tree_free(struct tree *t); /* NULL is fine; returns NULL */
/* One more process to begin with, or the first: it runs already, with any number of
 * threads. Only tree_sweep finds that it has ended. */
void tree_root(struct tree *t, uint32_t pid);
/* Process @pid, which runs already, is not of the tree whoever its parent is, and neither
 * is what it forks. */
void tree_except(struct tree *t, uint32_t pid);
/* Takes in what @e tells. True when it is an event of the tree, or of no process
 * (EVENT_LOST and its like). A process that has exited keeps its last samples: it belongs
 * to the tree until its pid comes back elsewhere. */
bool tree_feed(struct tree *t, const struct event *e);
/* Processes that have not exited. */
uint32_t tree_alive(const struct tree *t);
/* Forgets those that three sweeps in a row did not find alive: their exits were lost. To
 * be called once a round, so that the exit that was not lost comes first, and the forks
 * before it. */
void tree_sweep(struct tree *t);
/* Signals every process that has not exited and is the one that was forked, as far as the
 * start time in /proc/PID/stat can tell. */
void tree_kill(const struct tree *t, int sig);
