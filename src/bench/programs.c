/* Where profd's own programs are: beside it in a build, else where they were installed. */
#include <profd/program.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <profd/mem.h>

static char *if_there(char *path)
{
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *program_find(const char *name, struct error *err)
{
	const char *folder = getenv("PROFD_LIBEXEC");
	char self[PATH_MAX], *found = NULL, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (folder && *folder)
		found = if_there(xasprintf("%s/%s", folder, name));
	if (!found && slash)
		found = if_there(xasprintf("%s/%s", self, name));
	if (!found && slash) /* an installation that was moved */
		found = if_there(xasprintf("%s/../libexec/profd/%s", self, name));
	if (!found)
		found = if_there(xasprintf("%s/%s", PROFD_LIBEXECDIR, name));
	if (found)
		return found;
	error_set(err, -ENOENT, "profd's program %s is not installed", name);
	error_hint(err, "it belongs into %s; PROFD_LIBEXEC names another folder",
		   PROFD_LIBEXECDIR);
	return NULL;
}
