#!/usr/bin/env Rscript
# Made tests/oracle/stats.txt with Debian bookworm's R (r-base-core) and coin (r-cran-coin):
#
#	Rscript tests/oracle/stats-recipe.R >tests/oracle/stats.txt
#
# A line is a question, its arguments and R's answers, blanks between, 17 digits each;
# tests/unit/test-stats.c reads it. p-values with ties and zeros are coin's exact ones, of Pratt's
# way; bounds are Walsh averages sorted by R and counted off by its qsignrank, which knows no ties,
# and on samples without any they are wilcox.test's.
suppressMessages(library(coin))
set.seed(20240607)

out <- function(...) {
	words <- sapply(list(...), function(x)
		if (is.character(x)) x else paste(sprintf("%.17g", x), collapse = " "))
	cat(paste(words, collapse = " "), "\n", sep = "")
}

levels <- c(.05, .025, .05 / 3, .005 / 3, .005 / 15, .005 / 60)

# The largest c with P(T <= c) <= level, or -1. qsignrank is the smallest with P(T <= c) >= level.
critical <- function(level, n) {
	c <- qsignrank(level, n)
	while (c >= 0 && psignrank(c, n) > level)
		c <- c - 1
	c
}

bounds <- function(d, level) {
	w <- outer(d, d, "+") / 2
	w <- sort(w[lower.tri(w, diag = TRUE)])
	c <- critical(level, length(d))
	if (c < 0) c(-Inf, Inf) else c(w[c + 1], w[length(w) - c])
}

p_values <- function(d) {
	if (all(d == 0))
		return(c(1, 1, 1))
	zero <- rep(0, length(d))
	sapply(c("greater", "less", "two.sided"), function(side)
		as.numeric(pvalue(wilcoxsign_test(d ~ zero, distribution = "exact",
			zero.method = "Pratt", alternative = side))))
}

check_by_wilcox_test <- function(d) {
	n <- length(d)
	if (any(d == 0) || anyDuplicated(abs(d)))
		return(invisible())
	t <- wilcox.test(d, exact = TRUE, conf.int = TRUE, conf.level = .9)
	stopifnot(all.equal(unname(t$estimate), estimate(d), tolerance = 1e-12))
	if (critical(.05, n) >= 0)
		stopifnot(all.equal(as.numeric(t$conf.int), bounds(d, .05), tolerance = 1e-12))
}

estimate <- function(d) {
	w <- outer(d, d, "+") / 2
	median(w[lower.tri(w, diag = TRUE)])
}

sample_lines <- function(kind, d) {
	check_by_wilcox_test(d)
	out("sample", kind, length(d), d)
	out("p", p_values(d))
	out("estimate", estimate(d))
	for (level in levels)
		out("bounds", level, bounds(d, level))
	out("order", median(d), quantile(d, c(.05, .25, .75, .95), type = 7, names = FALSE),
		IQR(d, type = 7), mad(d, constant = 1))
}

for (n in c(3:14, 17, 20, 25, 30, 33, 40, 50, 60)) {
	sample_lines("plain", round(rnorm(n, .2), 9))
	sample_lines("ties", sample(c(-3, -2, -1, 1, 2, 3), n, replace = TRUE) / 4)
	sample_lines("zeros", sample(c(-2, -1, 0, 0, 1, 2, 3), n, replace = TRUE) / 8)
	sample_lines("mostly-zeros", ifelse(runif(n) < .7, 0, round(rnorm(n, .3), 2)))
	sample_lines("heavy", round(rt(n, 1) + 1, 3))
	sample_lines("all-equal", rep(.25, n))
	sample_lines("all-zero", rep(0, n))
}

for (p in c(1e-300, 1e-100, 1e-12, 1e-6, .005 / 60, .005 / 3, .05 / 3, .2, .4, .499, .51, .9, .999))
	out("normal", p, qnorm(p))
for (df in c(1, 2, 3, 4.5, 9, 11, 30, 200, 5000, 1e6))
	for (p in c(1e-12, 1e-5, .005 / 20, .005, .025, .25, .45, .499, .6, .975))
		out("student", p, df, qt(p, df))
# qbeta answers to 1e-9 only where it is far from the ends; halving pbinom's interval does everywhere.
solve <- function(f) {
	low <- 0
	high <- 1
	repeat {
		mid <- (low + high) / 2
		if (mid <= low || mid >= high)
			return(mid)
		if (f(mid)) high <- mid else low <- mid
	}
}
for (n in c(1, 2, 5, 10, 60, 390, 1000, 20000, 1e5))
	for (k in unique(pmin(n, c(0, 1, 2, 7, 30, n %/% 2, n - 1, n))))
		for (level in c(.01, .025, .5))
			out("binomial", k, n, level,
				if (k == 0) 0 else solve(function(x)
					pbinom(k - 1, n, x, lower.tail = FALSE) > level),
				if (k == n) 1 else solve(function(x) pbinom(k, n, x) < level))
for (m in c(1, 2, 5, 20)) {
	p <- round(c(rbeta(m, .2, 8)), 12)
	out("holm", m, p, p.adjust(p, "holm"))
}
for (m in c(1, 2, 5, 20, 100))
	out("fewest", .005 / (3 * m), ceiling(log2(3 * m / .005)))
for (s in c(0, .02, .05, .1, .17)) for (n in c(10, 20, 40)) for (tau in c(0, .02, .05, .1)) {
	se <- s / sqrt(.955 * n)
	out("detectable", s, n, log1p(tau), .005 / 3,
		max((qnorm(.8) - qnorm(.005 / 3)) * se, log1p(tau) + qnorm(.8) * se))
}
for (s in c(0, .02, .05, .1, .2)) for (tau in c(.02, .03, .05, .1))
	out("pairs", s, log1p(tau), .05 / 3,
		max(6, ceiling(((qnorm(.8) - qnorm(.05 / 3)) * s / log1p(tau))^2 / .955)))
for (n in c(2, 6, 12, 30)) {
	x <- round(rnorm(n, 10, 2), 6)
	out("mean", n, .005, x, mean(x), var(x), -qt(.005, n - 1) * sd(x) / sqrt(n),
		mean(x) - qt(.005, n - 1) * sd(x) * sqrt(1 + 1 / n))
}
