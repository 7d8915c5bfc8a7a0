#pragma once
/* Growing arrays: `VEC(struct vma) vmas;`, zeroed to start. Elements move when the array
 * grows, so keep indices, not pointers. */
#include <stdint.h>
#include <string.h>

#include <profd/mem.h>

#define VEC(T)                                                                           \
	struct {                                                                         \
		T *v;                                                                    \
		uint32_t n, cap;                                                         \
	}

/* Grows *@v so that it can hold at least @want elements of @size bytes. */
void vec_grow(void **v, uint32_t *cap, uint32_t want, size_t size);

#define vec_reserve(vec, want)                                                           \
	do {                                                                             \
		if ((uint32_t)(want) > (vec)->cap)                                       \
			vec_grow((void **)&(vec)->v, &(vec)->cap, (want),                \
				 sizeof(*(vec)->v));                                     \
	} while (0)
#define vec_push(vec, x)                                                                 \
	do {                                                                             \
		vec_reserve(vec, (vec)->n + 1);                                          \
		(vec)->v[(vec)->n++] = (x);                                              \
	} while (0)
/* A new zeroed element at the end; evaluates to its address, valid until the next
 * push. */
#define vec_add(vec)                                                                     \
	({                                                                               \
		vec_reserve(vec, (vec)->n + 1);                                          \
		memset(&(vec)->v[(vec)->n], 0, sizeof(*(vec)->v));                       \
		&(vec)->v[(vec)->n++];                                                   \
	})
#define vec_insert(vec, i, x)                                                            \
	do {                                                                             \
		vec_reserve(vec, (vec)->n + 1);                                          \
		memmove(&(vec)->v[(i) + 1], &(vec)->v[i],                                \
			((vec)->n - (i)) * sizeof(*(vec)->v));                           \
		(vec)->v[i] = (x);                                                       \
		(vec)->n++;                                                              \
	} while (0)
#define vec_remove(vec, i, count)                                                        \
	do {                                                                             \
		memmove(&(vec)->v[i], &(vec)->v[(i) + (count)],                          \
			((vec)->n - (i) - (count)) * sizeof(*(vec)->v));                 \
		(vec)->n -= (count);                                                     \
	} while (0)
#define vec_done(vec)                                                                    \
	do {                                                                             \
		free((vec)->v);                                                          \
		memset((vec), 0, sizeof(*(vec)));                                        \
	} while (0)
