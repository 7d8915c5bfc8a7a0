/* What a recording says of how it was sampled: of one that is at hand, and of one that is
 * a run.json. */
#include <profd/report.h>

#include <errno.h>
#include <string.h>

#include <profd/json.h>
#include <profd/mem.h>
#include <profd/origin.h>

#define RUN_JSON_MAX_BYTES ((size_t)16 << 20)

static void put(char *buf, size_t size, const char *s)
{
	origin_put(buf, size, s ? s : "", s ? strlen(s) : 0);
}

static void put_code(struct origin *o, bool kernel)
{
	put(o->code, sizeof(o->code), kernel ? "user+kernel" : "user");
}

static void put_of(struct origin *o, bool attached)
{
	put(o->of, sizeof(o->of), attached ? "what ran already" : "a command");
}

void run_origin(const struct run *run, const char *engine, struct origin *ret)
{
	memset(ret, 0, sizeof(*ret));
	put(ret->engine, sizeof(ret->engine), engine);
	put(ret->event, sizeof(ret->event), run->sampler->event);
	put_code(ret, run->sampler->kernel);
	put_of(ret, run->ntargets);
	put(ret->testbed, sizeof(ret->testbed), run->host->testbed);
}

/* A replay's engine is not the one that sampled. */
static void take_run(const struct json *root, struct origin *ret)
{
	const char *engine = json_get_str(root, "engine");
	bool kernel;

	if (engine && strcmp(engine, "replay") != 0)
		put(ret->engine, sizeof(ret->engine), engine);
	put(ret->event, sizeof(ret->event), json_get_str(root, "event"));
	put(ret->testbed, sizeof(ret->testbed), json_get_str(root, "testbed"));
	if (json_get_bool(json_get(root, "sampling"), "kernel", &kernel))
		put_code(ret, kernel);
	put_of(ret, json_get(root, "targets"));
}

int run_origin_read(const char *data, size_t n, struct origin *ret, struct error *err)
{
	struct json *root = json_read(data, n, err);
	const char *schema = root ? json_get_str(root, "schema") : NULL;
	int code = 0;

	if (!root)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	if (schema && !strcmp(schema, "profd.run/1"))
		take_run(root, ret);
	else
		code = error_set(err, -EBADMSG, "its schema is not profd.run/1");
	json_free(root);
	return code;
}

int run_origin_load(const char *path, struct origin *ret, struct error *err)
{
	_cleanup_free_ char *data = NULL;
	struct error why = {0};
	size_t n;
	int code = io_slurp(path, RUN_JSON_MAX_BYTES, &data, &n);

	if (code < 0)
		return error_set(err, code, "cannot read '%s': %s", path,
				 strerror(-code));
	code = run_origin_read(data, n, ret, &why);
	return code < 0 ? error_set(err, code, "'%s' is not a usable run.json: %s", path,
				    why.text)
			: 0;
}
