#pragma once
/* A failure that a user may see. Owned by the caller, usually on the stack and zeroed;
 * functions take it as their last parameter and it may be NULL. */
struct error {
	int code; /* 0 or a negative errno */
	char text
		[512]; /* one sentence, clean text on one line: names the file, process or event */
	char hint[256]; /* what the user can do about it, or "" */
};

/* Sets the sentence, clears the hint, returns @code. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void error_hint(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
