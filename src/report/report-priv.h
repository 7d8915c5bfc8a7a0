#pragma once
/* Shared by the files of report/. */
#include <stddef.h>

/* The file name of artifact @i, from 0; NULL behind the last. */
const char *artifact_name(size_t i);
