/* profd.doctor/1: what profd doctor found, for programs. profd-doctor(1) describes the
 * keys. */
#include <profd/doctor.h>

#include <string.h>

#include <profd/json.h>

static void put_setting(struct json *j, const char *key, const struct setting *s)
{
	if (s->known)
		json_put_i64(j, key, s->value);
	else
		json_put_null(j, key);
}

static void put_limit(struct json *j, const char *key, uint64_t v)
{
	if (v == UINT64_MAX)
		json_put_null(j, key);
	else
		json_put_u64(j, key, v);
}

static const char *text_or_null(const char *s)
{
	return s[0] ? s : NULL;
}

static struct json *place_json(const struct place *p)
{
	struct json *j = json_node();

	json_put_str(j, "ci", place_ci_name(p->ci));
	json_put_str(j, "ci_sign", text_or_null(p->ci_sign));
	json_put_str(j, "container", place_container_name(p->box));
	json_put_str(j, "container_sign", text_or_null(p->box_sign));
	return j;
}

static struct json *settings_json(const struct settings *s)
{
	struct json *j = json_node();

	json_put_u64(j, "uid", s->uid);
	if (s->capabilities_known)
		json_put_hex(j, "capabilities", s->capabilities);
	else
		json_put_null(j, "capabilities");
	json_put_bool(j, "user_namespace", s->user_namespace);
	put_setting(j, "seccomp", &s->seccomp);
	put_setting(j, "no_new_privs", &s->no_new_privs);
	put_setting(j, "perf_event_paranoid", &s->paranoid);
	put_setting(j, "perf_event_mlock_kb", &s->mlock_kb);
	put_setting(j, "perf_event_max_sample_rate", &s->max_sample_rate);
	put_setting(j, "kptr_restrict", &s->kptr_restrict);
	put_setting(j, "yama_ptrace_scope", &s->yama);
	put_limit(j, "files_soft", s->files_soft);
	put_limit(j, "files_hard", s->files_hard);
	put_limit(j, "memlock_bytes", s->memlock_bytes);
	json_put_str(j, "clocksource", text_or_null(s->clocksource));
	return j;
}

static struct json *host_json(const struct host *h)
{
	struct json *j = json_node();

	json_put_str(j, "kernel", h->kernel);
	json_put_str(j, "arch", h->arch);
	json_put_str(j, "os", h->os);
	json_put_u64(j, "cpus", h->ncpus);
	json_put_str(j, "hypervisor", h->hypervisor);
	return j;
}

static struct json *check_json(const struct check *c)
{
	struct json *j = json_node();

	json_put_str(j, "id", c->id);
	json_put_str(j, "title", c->title);
	json_put_str(j, "group", check_group_name(c->group));
	json_put_str(j, "state", check_state_name(c->state));
	json_put_str(j, "wall", wall_id(c->wall));
	json_put_str(j, "errno", c->code ? strerrorname_np(-c->code) : NULL);
	json_put_str(j, "detail", text_or_null(c->detail));
	return j;
}

static struct json *remedy_json(const struct remedy *r)
{
	struct json *j = json_node(), *commands = json_list();

	json_put_str(j, "wall", wall_id(r->wall));
	json_put_bool(j, "needed", r->needed);
	json_put_str(j, "text", r->text);
	for (unsigned i = 0; i < r->ncommands; i++)
		json_put_str(commands, NULL, r->commands[i]);
	json_put(j, "commands", commands);
	return j;
}

static void put_choice(struct json *root, const struct doctor *d)
{
	const struct sampler_info *i = &d->recording.info;

	json_put_bool(root, "works", d->works);
	json_put_str(root, "why_not", d->why_not.text[0] ? d->why_not.text : NULL);
	json_put_str(root, "engine", !d->works ? NULL : d->ptrace ? "ptrace" : "perf");
	json_put_str(root, "event", d->works ? i->event : NULL);
	if (d->works)
		json_put_bool(root, "kernel", i->kernel);
	else
		json_put_null(root, "kernel");
	json_put_str(root, "reach", d->works ? reach_name(i->reach) : NULL);
	json_put_str(root, "fallback_reason", text_or_null(i->reason));
	json_put_str(root, "reach_reason", text_or_null(i->reach_reason));
}

void doctor_json(const struct doctor *d, struct sink *out)
{
	struct json *root = json_node(), *checks = json_list(), *remedies = json_list();

	json_put_str(root, "schema", "profd.doctor/1");
	put_choice(root, d);
	json_put(root, "place", place_json(&d->place));
	json_put(root, "host", host_json(&d->host));
	json_put(root, "settings", settings_json(&d->settings));
	for (uint32_t i = 0; i < d->checks.n; i++)
		json_put(checks, NULL, check_json(&d->checks.v[i]));
	json_put(root, "checks", checks);
	for (uint32_t i = 0; i < d->remedies.n; i++)
		json_put(remedies, NULL, remedy_json(&d->remedies.v[i]));
	json_put(root, "remedies", remedies);
	json_write(root, out);
	json_free(root);
}
