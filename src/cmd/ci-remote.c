/* profd ci comment, fetch and alert: handed over to the program that has the libraries. */
#include "ci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/program.h>
#include <profd/mem.h>

int ci_verb_remote(int argc, char **argv)
{
	struct error err = {0};
	_cleanup_free_ char *program = program_find("profd-remote", &err);
	char **words;

	if (!program) {
		error_hint(&err, "profd has to be built with libcurl for this, or it was "
				 "installed without; PROFD_LIBEXEC names its folder");
		return cmd_fail(2, &err);
	}
	words = xcalloc((size_t)argc + 2, sizeof(*words));
	words[0] = program;
	memcpy(words + 1, argv, (size_t)argc * sizeof(*argv));
	execv(program, words);
	error_set(&err, -errno, "cannot run '%s': %s", program, strerror(errno));
	free(words);
	return cmd_fail(2, &err);
}
