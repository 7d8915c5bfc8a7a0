#pragma once
/* What is said of a metric, and why. Any thread. */

enum verdict {
	VERDICT_OPEN,	     /* more pairs may decide it */
	VERDICT_SUSPECTED,   /* a regression, once fresh triplets confirm it */
	VERDICT_REGRESSION,  /* confirmed */
	VERDICT_PASS,	     /* a regression of the threshold is ruled out */
	VERDICT_IMPROVEMENT, /* a pass that is also known to be better */
	VERDICT_INCONCLUSIVE,
	VERDICT_UNTRUSTED, /* copies of the same program differ here */
	/* Of what could not be judged. */
	VERDICT_MEASURED,	/* a bench: there was nothing to compare with */
	VERDICT_IMMATURE,	/* too few runs are remembered */
	VERDICT_NOT_COMPARABLE, /* another machine, unit or program */
	VERDICT_NO_BASELINE,
	VERDICT_FAILED, /* the workload did not end well */
	VERDICT_TIMEOUT,
};

enum verdict_reason {
	REASON_NONE,	       /* the verdict speaks for itself */
	REASON_OUT_OF_PAIRS,   /* the last look has been taken */
	REASON_FUTILE,	       /* what is left of the pairs will hardly decide it */
	REASON_ENDED,	       /* all that gate are decided, and this one does not */
	REASON_NOT_REPRODUCED, /* suspected, and not there in fresh triplets */
	REASON_NO_UNITS,       /* zeros or negative values, and no threshold in units */
	REASON_CONTROL,	       /* base and its copy differ */
	REASON_TIME,	       /* the time budget was used up before the next look */
};

/* The words of verdict.json: "regression", "not reproduced". Static. */
const char *verdict_name(enum verdict v);
const char *verdict_reason_text(enum verdict_reason r); /* "" for none */
