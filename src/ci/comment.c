/* One comment, whatever happens. Nothing locks a pull request, so the oldest comment of ours
 * counts: who wrote another one finds that out by looking again, removes its own, and writes
 * what it has over the oldest. A request of which nobody knows whether it was done is
 * followed by a look, never by another request of the same kind. */
#include <profd/ci-comment.h>

#include <errno.h>

#include <profd/ci-forge.h>

#define LOOKS_MAX 6

struct upsert {
	struct forge *f;
	uint64_t pr;
	const struct comment *c;
	enum comment_mode mode;
	enum comment_done_what what;
};

static int write_over(struct upsert *u, const struct forge_comment *old,
		      struct error *err)
{
	struct comment_state before;
	bool known = comment_state_read(old->body, &before);
	struct text t = {0};
	uint64_t id;
	int code;

	if (u->mode == COMMENT_ON_CHANGE && known && before.worse == u->c->state.worse &&
	    before.verdict == u->c->state.verdict && before.key == u->c->state.key) {
		u->what = COMMENT_SAME;
		return 0;
	}
	comment_render(u->c, known ? &before : NULL, forge_comment_max(u->f), &t);
	code = forge_comment_write(u->f, u->pr, old->id, t.s, &id, err);
	text_done(&t);
	if (code == 0)
		u->what = known && before.worse && !u->c->state.worse ? COMMENT_RESOLVED
								      : COMMENT_UPDATED;
	/* It was removed after it was listed. */
	return code == -ENOENT ? -ESTALE : code;
}

/* All but the oldest, which runs that broke off may have left. */
static int remove_others(struct upsert *u, const struct forge_comments *ours,
			 struct error *err)
{
	int code = 0;

	for (uint32_t i = 1; i < ours->list.n && code == 0; i++)
		code = forge_comment_delete(u->f, u->pr, ours->list.v[i].id, err);
	return code;
}

static int keep_oldest(struct upsert *u, const struct forge_comments *ours,
		       struct error *err)
{
	int code = remove_others(u, ours, err);

	return code < 0 ? code : write_over(u, &ours->list.v[0], err);
}

/* Another job may have begun one meanwhile: the older one stays. */
static int look_again(struct upsert *u, uint64_t mine, struct error *err)
{
	struct forge_comments ours = {0};
	int code = forge_comments(u->f, u->pr, u->c->marker, &ours, err);
	bool late = code == 0 && ours.list.n && ours.list.v[0].id < mine;

	if (late)
		code = forge_comment_delete(u->f, u->pr, mine, err);
	if (late && code == 0)
		code = write_over(u, &ours.list.v[0], err);
	forge_comments_done(&ours);
	return code;
}

static int begin(struct upsert *u, struct error *err)
{
	struct text t = {0};
	uint64_t id;
	int code;

	if (u->mode == COMMENT_ON_REGRESSION && !u->c->state.worse) {
		u->what = COMMENT_NOTHING;
		return 0;
	}
	comment_render(u->c, NULL, forge_comment_max(u->f), &t);
	code = forge_comment_write(u->f, u->pr, 0, t.s, &id, err);
	text_done(&t);
	if (code < 0)
		return code;
	u->what = COMMENT_CREATED;
	return look_again(u, id, err);
}

int comment_upsert(struct forge *f, uint64_t pr, const struct comment *c,
		   enum comment_mode mode, enum comment_done_what *ret, struct error *err)
{
	struct upsert u = {.f = f, .pr = pr, .c = c, .mode = mode};
	int code = -ESTALE;

	for (unsigned i = 0; i < LOOKS_MAX && code == -ESTALE; i++) {
		struct forge_comments ours = {0};

		code = forge_comments(f, pr, c->marker, &ours, err);
		if (code == 0)
			code = ours.list.n ? keep_oldest(&u, &ours, err) : begin(&u, err);
		forge_comments_done(&ours);
	}
	if (code == 0)
		*ret = u.what;
	return code;
}
