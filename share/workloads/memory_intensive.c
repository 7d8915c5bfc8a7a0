/* Memory before arithmetic: many small allocations, a list whose nodes are strewn over 16 MB and
 * followed from one to the next, and copies of whole blocks. Its peak memory, about 40 MB, is as
 * much a result as its time. Deterministic: the same argument gives the same work and the same
 * line of output.
 *
 *	memory_intensive [SCALE]	SCALE 1..1000, default 10: about a quarter of a second */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define NODES (1u << 18)
#define BLOCK (12u << 20)
#define SMALL 4096

struct node {
	struct node *next;
	uint64_t value, padding[6]; /* 64 bytes: a cache line each */
};

static NOINLINE void *allocate(size_t size)
{
	void *p = malloc(size);

	if (!p) {
		fprintf(stderr, "memory_intensive: out of memory\n");
		exit(1);
	}
	return p;
}

/* One ring through all nodes. The factor minus one is a multiple of 4 and the increment odd, so
 * that the sequence visits every index once (Knuth, volume 2, 3.2.1.2). */
static NOINLINE void strew_list(struct node *nodes)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t next = (at * 1664525u + 1013904223u) % NODES;

		nodes[at].next = &nodes[next];
		nodes[at].value = i;
		at = next;
	}
}

static NOINLINE uint64_t follow_list(const struct node *node, unsigned steps)
{
	uint64_t sum = 0;

	for (; steps; steps--, node = node->next)
		sum += node->value;
	return sum;
}

static NOINLINE void churn_heap(unsigned rounds)
{
	static char *kept[SMALL];

	for (unsigned i = 0; i < rounds; i++) {
		unsigned slot = i * 2654435761u % SMALL;

		free(kept[slot]);
		kept[slot] = allocate(16 + i % 500);
		kept[slot][0] = (char)i;
	}
	for (unsigned i = 0; i < SMALL; i++) {
		free(kept[i]);
		kept[i] = NULL;
	}
}

static NOINLINE uint32_t copy_blocks(char *to, char *from, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		from[i] = (char)i;
		memcpy(to, from, BLOCK);
		__asm__ volatile("" ::: "memory"); /* each copy is made */
	}
	return (uint32_t)to[times / 2];
}

int main(int argc, char **argv)
{
	unsigned scale = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	struct node *nodes;
	char *from, *to;
	uint64_t sum = 0;

	if (argc > 2 || scale < 1 || scale > 1000) {
		fprintf(stderr, "usage: memory_intensive [SCALE], 1..1000\n");
		return 2;
	}
	nodes = allocate(NODES * sizeof(*nodes));
	from = allocate(BLOCK);
	to = allocate(BLOCK);
	memset(from, 7, BLOCK);
	strew_list(nodes);
	for (unsigned round = 0; round < scale; round++) {
		sum += follow_list(nodes, NODES / 2);
		churn_heap(50000);
		sum += copy_blocks(to, from, 2);
	}
	free(nodes);
	free(from);
	free(to);
	printf("sum %llu\n", (unsigned long long)sum);
	return 0;
}
