/* Names that come from an archive, or from a server. */
#include <profd/ci-archive.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <profd/mem.h>
#include <profd/text.h>

#define FOLDER_MAX_BYTES 100

static int bad_name(const char *name, const char *why, struct error *err)
{
	struct text clean = {0};

	text_add_clean(&clean, name, strnlen(name, 120));
	error_set(err, -EINVAL, "'%s' may not be unpacked: %s", text_get(&clean), why);
	text_done(&clean);
	return -EINVAL;
}

int archive_name_check(const char *name, struct error *err)
{
	size_t n = strnlen(name, ARCHIVE_NAME_MAX_BYTES + 1), part;
	unsigned depth = 0;

	if (!n || n > ARCHIVE_NAME_MAX_BYTES)
		return bad_name(name, n ? "the name is too long" : "it has no name", err);
	if (!text_is_clean(name, n) || strpbrk(name, "\\:"))
		return bad_name(name, "of its characters", err);
	for (const char *s = name; *s; s += part + (s[part] == '/')) {
		part = strcspn(s, "/");
		if (!part)
			return bad_name(name, "the path is absolute, or has empty parts",
					err);
		if (!strncmp(s, "..", part > 2 ? part : 2) || (part == 1 && *s == '.'))
			return bad_name(name, "it leads elsewhere", err);
		if (part > 255 || ++depth > ARCHIVE_DEPTH_MAX)
			return bad_name(name, "it is too deep, or a part is too long",
					err);
	}
	return 0;
}

char *archive_folder_name(const char *artifact)
{
	struct text t = {0};

	for (const char *s = artifact; *s && t.len < FOLDER_MAX_BYTES; s++) {
		bool plain = isalnum((unsigned char)*s) || *s == '-' || *s == '_' ||
			     (*s == '.' && t.len);

		text_addc(&t, plain ? *s : '_');
	}
	if (!t.len)
		text_addc(&t, '_');
	return t.s;
}
