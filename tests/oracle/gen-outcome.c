/* gen-outcome FOLDER: the sample outcomes of tests/unit/outcomes.c, each as FOLDER/NAME/verdict.json
 * and whatever else is made of it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/outcomes.h"
#include <profd/outcome-io.h>

static int write_sample(int folder, const char *name)
{
	struct error err = {0};
	struct outcome o;
	int dirfd, code;

	mkdirat(folder, name, 0777);
	dirfd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		perror(name);
		return -1;
	}
	outcome_sample(name, &o);
	code = outcome_write_all(&o, dirfd, OUTCOME_FACES_ALL, &err);
	if (code == 0) {
		outcome_id_make(&o);
		code = outcome_run_save(&o, dirfd, &err);
	}
	if (code < 0)
		fprintf(stderr, "gen-outcome: %s\n", err.text);
	outcome_done(&o);
	close(dirfd);
	return code;
}

int main(int argc, char **argv)
{
	int folder;

	if (argc != 2) {
		fputs("usage: gen-outcome FOLDER\n", stderr);
		return 2;
	}
	mkdir(argv[1], 0777);
	folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		perror(argv[1]);
		return 1;
	}
	for (unsigned i = 0; i < noutcome_samples; i++)
		if (write_sample(folder, outcome_samples[i].name) < 0)
			return 1;
	return 0;
}
