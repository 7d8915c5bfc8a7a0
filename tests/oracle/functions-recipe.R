#!/usr/bin/env Rscript
# Made tests/oracle/functions.txt with Debian bookworm's R (r-base-core):
#
#	Rscript tests/oracle/functions-recipe.R >tests/oracle/functions.txt
#
# A case is a program of a function "f" and others, "rest", in k pairs of runs: the samples of both on
# either side, a sample for each millisecond, and the CPU time of the run in ms, or 0 where the profile
# itself is all that is known. The last line of it is what functions.h says of f: R's median of
# the Walsh averages, and about it the wider of Student's and the normal interval of 95 %, in seconds.
# tests/unit/test-functions.c reads it.
set.seed(20241130)

estimate <- function(d) {
	w <- outer(d, d, "+") / 2
	median(w[lower.tri(w, diag = TRUE)])
}

# The variance of v ms of n samples of a run that has N.
variance <- function(v, n, N, known) {
	x <- ifelse(n > 0, v^2 / pmax(n, 1), 0)
	if (known) x * (1 - n / N) else x
}

one <- function(k, mean_base, mean_head, noise, known) {
	f <- list(base = rpois(k, mean_base * exp(noise * rnorm(k))),
		head = rpois(k, mean_head * exp(noise * rnorm(k))))
	rest <- list(base = rpois(k, 800), head = rpois(k, 800))
	v <- list(); floor <- 0
	cpu <- list()
	for (side in c("base", "head")) {
		N <- f[[side]] + rest[[side]]
		cpu[[side]] <- if (known) round(N * runif(k, .9, 1.1)) else rep(0, k)
		all <- if (known) cpu[[side]] else N
		v[[side]] <- f[[side]] / N * all
		floor <- floor + sum(variance(v[[side]], f[[side]], N, known)) + max(all / N)^2
	}
	floor <- floor / k
	d <- v$head - v$base
	margin <- qnorm(.975) * sqrt(floor / (.955 * k))
	if (k > 1)
		margin <- max(margin, qt(.975, k - 1) * sd(d) / sqrt(.955 * k))
	writeLines(paste("case", k, as.integer(known)))
	for (i in 1:k)
		writeLines(paste("pair", f$base[i], rest$base[i], cpu$base[i], f$head[i], rest$head[i], cpu$head[i]))
	answer <- c(estimate(d), estimate(d) - margin, estimate(d) + margin) / 1000
	writeLines(paste(c("f", sprintf("%.17g", answer)), collapse = " "))
}

for (k in c(1, 2, 3, 6, 12, 25)) {
	for (known in c(FALSE, TRUE)) {
		one(k, 200, 200, 0, known)
		one(k, 200, 260, .1, known)
		one(k, 20, 400, .02, known)
		one(k, 300, 0, 0, known)
	}
}
