/* The words for verdicts and reasons. */
#include <profd/verdict.h>

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_OPEN] = "open",
		[VERDICT_SUSPECTED] = "suspected",
		[VERDICT_REGRESSION] = "regression",
		[VERDICT_PASS] = "pass",
		[VERDICT_IMPROVEMENT] = "improvement",
		[VERDICT_INCONCLUSIVE] = "inconclusive",
		[VERDICT_UNTRUSTED] = "untrusted",
		[VERDICT_MEASURED] = "measured",
		[VERDICT_IMMATURE] = "immature",
		[VERDICT_NOT_COMPARABLE] = "not_comparable",
		[VERDICT_NO_BASELINE] = "no_baseline",
		[VERDICT_FAILED] = "failed",
		[VERDICT_TIMEOUT] = "timeout",
	};

	return names[v];
}

const char *verdict_reason_text(enum verdict_reason r)
{
	static const char *const texts[] = {
		[REASON_NONE] = "",
		[REASON_OUT_OF_PAIRS] = "more pairs are needed than were allowed",
		[REASON_FUTILE] = "the remaining pairs would hardly have decided it",
		[REASON_ENDED] = "the runs ended when the metrics that gate were decided",
		[REASON_NOT_REPRODUCED] = "not reproduced",
		[REASON_NO_UNITS] =
			"values are zero or negative, and there is no threshold in units",
		[REASON_CONTROL] = "two copies of the same program differ here",
		[REASON_TIME] = "the time budget did not allow more pairs",
	};

	return texts[r];
}
