/* Where the file is, and its bytes. */
#include <profd/config.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <profd/io.h>

int config_read(const char *path, struct config **ret_config,
		struct config_problems *problems)
{
	struct config_problem *p;
	char *data;
	size_t n;
	int code = io_slurp(path, CONFIG_FILE_MAX_BYTES, &data, &n);

	if (code < 0) {
		p = vec_add(&problems->list);
		if (code == -EFBIG)
			error_set(&p->error, code, "%s has over 256 KiB", path);
		else
			error_set(&p->error, code, "cannot read %s: %s", path,
				  strerror(-code));
		return code;
	}
	code = config_parse(path, data, n, ret_config, problems);
	free(data);
	return code;
}

static bool exists(const char *folder, const char *name, char **ret_path)
{
	char *path = xasprintf("%s/%s", strcmp(folder, "/") != 0 ? folder : "", name);
	struct stat st;
	bool yes = !stat(path, &st);

	if (yes && ret_path)
		*ret_path = path;
	else
		free(path);
	return yes;
}

char *config_find(struct error *err)
{
	char here[PATH_MAX], *path, *slash;

	if (exists(".", CONFIG_FILE, NULL))
		return xstrdup(CONFIG_FILE);
	if (!getcwd(here, sizeof(here))) {
		error_set(err, -errno, "cannot find the current folder: %s",
			  strerror(errno));
		return NULL;
	}
	/* The root is where .git is: a folder, or a file in a worktree. */
	while (!exists(here, ".git", NULL)) {
		slash = strrchr(here, '/');
		if (!slash || !here[1])
			break;
		slash[slash == here] = '\0';
	}
	if (exists(here, ".git", NULL) && exists(here, CONFIG_FILE, &path))
		return path;
	error_set(err, -ENOENT,
		  "there is no %s here, nor in the root of a git repository",
		  CONFIG_FILE);
	error_hint(err, "profd.yml(5) tells how to write one; or name the file");
	return NULL;
}
