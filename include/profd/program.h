#pragma once
/* The programs that belong to profd and are not for people. Any thread. */
#include <profd/error.h>

/* Where @name is: in $PROFD_LIBEXEC, beside profd itself as in a build, or where it was
 * installed. The caller frees it. NULL and err (-ENOENT). */
char *program_find(const char *name, struct error *err);
