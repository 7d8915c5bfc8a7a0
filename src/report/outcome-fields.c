/* The keys of verdict.json, in the order in which they are written. */
#include "outcome-priv.h"

#include <profd/mem.h>
#include <profd/outcome-io.h>
#include <profd/outcome.h>

/* --- words -------------------------------------------------------------------------- */

static const char *verdict_word(unsigned v)
{
	return v <= VERDICT_TIMEOUT ? verdict_name((enum verdict)v) : NULL;
}

static const char *reason_word(unsigned r)
{
	return r <= REASON_TIME ? verdict_reason_text((enum verdict_reason)r) : NULL;
}

static const char *effect_word(unsigned e)
{
	static const char *const words[] = {"fine", "warns", "fails"};

	return e < ARRAY_SIZE(words) ? words[e] : NULL;
}

static const char *direction_word(unsigned bigger)
{
	static const char *const words[] = {"smaller", "bigger"};

	return bigger < ARRAY_SIZE(words) ? words[bigger] : NULL;
}

static const char *operator_word(unsigned at_least)
{
	static const char *const words[] = {"<=", ">="};

	return at_least < ARRAY_SIZE(words) ? words[at_least] : NULL;
}

static const char *change_word(unsigned ratio)
{
	static const char *const words[] = {"units", "fraction"};

	return ratio < ARRAY_SIZE(words) ? words[ratio] : NULL;
}

/* --- fields ------------------------------------------------------------------------- */

#define AT(member) .at = offsetof(struct SELF, member)
#define TEXT(key, member)                                                                \
	{                                                                                \
		key, FIELD_TEXT, AT(member)                                              \
	}
#define NAME(key, member)                                                                \
	{                                                                                \
		key, FIELD_TEXT, AT(member), .needed = 1                                 \
	}
#define NUMBER(key, member)                                                              \
	{                                                                                \
		key, FIELD_NUMBER, AT(member)                                            \
	}
#define COUNT(key, member)                                                               \
	{                                                                                \
		key, FIELD_COUNT, AT(member)                                             \
	}
#define FLAG(key, member)                                                                \
	{                                                                                \
		key, FIELD_FLAG, AT(member)                                              \
	}
#define CHOICE(key, member, words)                                                       \
	{                                                                                \
		key, FIELD_CHOICE, AT(member),                                           \
			.word = words, .size = sizeof(((struct SELF *)0)->member)        \
	}
#define VERDICT(key, member)                                                             \
	{                                                                                \
		key, FIELD_CHOICE, AT(member),                                           \
			.word = verdict_word,                                            \
			.size = sizeof(((struct SELF *)0)->member), .needed = 1          \
	}
#define NODE(key, member, table)                                                         \
	{                                                                                \
		key, FIELD_NODE, AT(member), .fields = table                             \
	}
/* Members of the same struct that are an object of their own. */
#define GROUP(key, table)                                                                \
	{                                                                                \
		key, FIELD_NODE, .fields = table                                         \
	}
#define LIST(key, member, number, limit, table)                                          \
	{                                                                                \
		key, FIELD_LIST, AT(member),                                             \
			.count = offsetof(struct SELF, number), .max = limit,            \
			.size = sizeof(*((struct SELF *)0)->member), .fields = table     \
	}
#define COLUMNS(key, type, member, number)                                               \
	{                                                                                \
		key, type, AT(member), .count = offsetof(struct SELF, number),           \
				       .max = OUTCOME_VALUES_MAX                         \
	}

#define SELF outcome_interval
static const struct field interval_fields[] = {
	NUMBER("change", change),
	NUMBER("low", low),
	NUMBER("high", high),
	NUMBER("level", level),
	{0},
};
#undef SELF

#define SELF outcome_budget
static const struct field budget_fields[] = {
	TEXT("text", text),
	CHOICE("op", at_least, operator_word),
	FLAG("exceeded", exceeded),
	NUMBER("actual", actual),
	NUMBER("limit", limit),
	NUMBER("base_limit", base_limit),
	NUMBER("multiplier", multiplier),
	{0},
};
#undef SELF

#define SELF outcome_metric
static const struct field bounds_fields[] = {
	NUMBER("lower", lower),
	NUMBER("lower_level", lower_level),
	NUMBER("upper", upper),
	NUMBER("upper_level", upper_level),
	{0},
};

static const struct field metric_fields[] = {
	NAME("name", name),
	TEXT("unit", unit),
	TEXT("stat", stat),
	CHOICE("direction", bigger_is_better, direction_word),
	VERDICT("verdict", verdict),
	CHOICE("reason", reason, reason_word),
	CHOICE("effect", effect, effect_word),
	TEXT("note", note),
	FLAG("gating", gating),
	FLAG("exact", exact),
	FLAG("confirmed", confirmed),
	NUMBER("threshold", threshold),
	NUMBER("threshold_units", threshold_units),
	NUMBER("base", base),
	NUMBER("head", head),
	CHOICE("change_in", ratio, change_word),
	NUMBER("change", decided.change),
	NUMBER("low", decided.low),
	NUMBER("high", decided.high),
	NUMBER("level", decided.level),
	COUNT("pairs", pairs),
	NUMBER("detectable", detectable),
	{"pairs_needed", FIELD_NEEDED, AT(pairs_needed)},
	NUMBER("spread", spread),
	GROUP("bounds", bounds_fields),
	NODE("first", first, interval_fields),
	NODE("drift", drift, interval_fields),
	{"budget", FIELD_OPTIONAL, AT(budget),
	 .count = offsetof(struct SELF, budget.given), .fields = budget_fields},
	COLUMNS("values", FIELD_PAIRS, values, nvalues),
	COLUMNS("triplets", FIELD_TRIPLETS, triplets, ntriplets),
	{0},
};
#undef SELF

#define SELF outcome_failure
static const struct field failure_fields[] = {
	TEXT("side", side),
	TEXT("what", what),
	COUNT("count", count),
	TEXT("output", output),
	{0},
};
#undef SELF

#define SELF outcome_function
static const struct field function_fields[] = {
	NAME("name", name),
	TEXT("module", module),
	TEXT("file", file),
	COUNT("line", line),
	COUNT("rank", rank),
	TEXT("kind", kind),
	TEXT("was", was),
	TEXT("with", with),
	TEXT("caller", caller),
	FLAG("named", named),
	FLAG("touched", touched),
	NUMBER("change_s", change_s),
	NUMBER("low_s", low_s),
	NUMBER("high_s", high_s),
	NUMBER("level", level),
	NUMBER("base_s", base_s),
	NUMBER("head_s", head_s),
	NUMBER("share", share),
	NUMBER("total_change_s", total_change_s),
	NUMBER("total_low_s", total_low_s),
	NUMBER("total_high_s", total_high_s),
	{0},
};
#undef SELF

#define SELF outcome_evidence
static const struct field evidence_fields[] = {
	NAME("name", name),
	TEXT("unit", unit),
	NUMBER("base", base),
	NUMBER("head", head),
	NUMBER("change", change.change),
	NUMBER("low", change.low),
	NUMBER("high", change.high),
	NUMBER("level", change.level),
	{0},
};
#undef SELF

#define SELF outcome_workload
static const struct field workload_fields[] = {
	NAME("name", name),
	TEXT("group", group),
	TEXT("variant", variant),
	TEXT("description", description),
	TEXT("command", command),
	VERDICT("verdict", verdict),
	CHOICE("effect", effect, effect_word),
	COUNT("runs", runs),
	COUNT("pairs", pairs),
	COUNT("warmup", warmup),
	NUMBER("seconds", seconds),
	TEXT("base_profile", base_profile),
	TEXT("head_profile", head_profile),
	LIST("failures", failures, nfailures, OUTCOME_LIST_MAX, failure_fields),
	LIST("metrics", metrics, nmetrics, OUTCOME_METRICS_MAX, metric_fields),
	COUNT("function_pairs", function_pairs),
	NODE("residual_s", residual_s, interval_fields),
	TEXT("functions_note", functions_note),
	COUNT("touched", touched),
	COUNT("touched_sampled", touched_sampled),
	LIST("functions", functions, nfunctions, OUTCOME_LIST_MAX, function_fields),
	LIST("waits", waits, nwaits, OUTCOME_LIST_MAX, function_fields),
	LIST("evidence", evidence, nevidence, OUTCOME_LIST_MAX, evidence_fields),
	{0},
};
#undef SELF

#define SELF outcome_side
static const struct field side_fields[] = {
	TEXT("label", label),
	TEXT("commit", commit),
	TEXT("subject", subject),
	TEXT("branch", branch),
	TEXT("root", root),
	FLAG("dirty", dirty),
	FLAG("built", built),
	FLAG("from_cache", from_cache),
	NUMBER("build_s", build_seconds),
	{0},
};
#undef SELF

#define SELF outcome_isolation
static const struct field isolation_fields[] = {
	NAME("name", name),
	FLAG("applied", applied),
	TEXT("detail", detail),
	{0},
};
#undef SELF

#define SELF outcome_environment
static const struct field environment_fields[] = {
	TEXT("testbed", testbed),
	TEXT("cpu", cpu),
	COUNT("cpus", cpus),
	TEXT("arch", arch),
	{"memory_bytes", FIELD_BYTES, AT(memory_bytes)},
	TEXT("kernel", kernel),
	TEXT("libc", libc),
	TEXT("image", image),
	TEXT("host", host),
	TEXT("governor", governor),
	NUMBER("mhz_min", mhz_min),
	NUMBER("mhz_max", mhz_max),
	NUMBER("load", load),
	NUMBER("steal", steal),
	NUMBER("busy_others", busy_others),
	COUNT("load_threads", load_threads),
	COUNT("load_nice", load_nice),
	{0},
};
#undef SELF

#define SELF outcome_plan
static const struct field plan_fields[] = {
	NUMBER("alpha", alpha),
	COUNT("family", family),
	COUNT("pairs_first", pairs_first),
	COUNT("pairs_max", pairs_max),
	{"seed", FIELD_SEED, AT(seed)},
	NUMBER("time_budget_s", time_budget_s),
	NUMBER("planned_s", planned_s),
	NUMBER("spent_s", spent_s),
	{0},
};
#undef SELF

#define SELF outcome_limit_change
static const struct field limit_change_fields[] = {
	TEXT("workload", workload), TEXT("metric", metric), TEXT("key", key),
	TEXT("from", from),	    TEXT("to", to),	    {0},
};
#undef SELF

#define SELF outcome
static const struct field provenance_fields[] = {
	TEXT("id", id),
	TEXT("version", version),
	TEXT("reproduce", reproduce),
	TEXT("run_url", run_url),
	NODE("base", base, side_fields),
	NODE("head", head, side_fields),
	{0},
};

const struct field outcome_fields[] = {
	VERDICT("verdict", verdict),
	CHOICE("effect", effect, effect_word),
	{"exit_status", FIELD_STATUS, AT(exit_status)},
	TEXT("command", command),
	TEXT("mode", mode),
	TEXT("tier", tier),
	NUMBER("strictness", strictness),
	TEXT("strictness_from", strictness_from),
	{"start", FIELD_TIME, AT(start_ns)},
	{"end", FIELD_TIME, AT(end_ns)},
	NODE("plan", plan, plan_fields),
	NODE("environment", environment, environment_fields),
	LIST("isolation", isolation, nisolation, OUTCOME_LIST_MAX, isolation_fields),
	GROUP("provenance", provenance_fields),
	LIST("threshold_changes", limit_changes, nlimit_changes, OUTCOME_LIST_MAX,
	     limit_change_fields),
	{"notes", FIELD_TEXTS, AT(notes), .count = offsetof(struct SELF, nnotes),
	 .max = OUTCOME_LIST_MAX},
	LIST("workloads", workloads, nworkloads, OUTCOME_WORKLOADS_MAX, workload_fields),
	{0},
};
#undef SELF
