# PROFD_WARNINGS: sets PROFD_CFLAGS to the warnings this compiler knows.
AC_DEFUN([PROFD_WARNINGS], [
	PROFD_CFLAGS=
	for flag in -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
		-Wvla -Wimplicit-fallthrough -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings \
		-Wold-style-definition -Wno-unused-parameter -Wno-missing-field-initializers
	do
		profd_saved="$CFLAGS"
		CFLAGS="$CFLAGS -Werror $flag"
		AC_MSG_CHECKING([whether $CC accepts $flag])
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); PROFD_CFLAGS="$PROFD_CFLAGS $flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS="$profd_saved"
	done
])
