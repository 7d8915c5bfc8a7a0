/* Stands in for libunwind.c where configure did not find libunwind. */
#include "unwind-priv.h"

const struct unwind_ops *const unwind_libunwind = NULL;
