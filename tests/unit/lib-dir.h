#pragma once
/* Where Debian keeps the libraries of the machine that the tests run on. */
#include <profd/machine.h>

#ifdef MACHINE_AARCH64
#define ELF_MACHINE EM_AARCH64
#define LIB_DIR "/lib/aarch64-linux-gnu/"
#define DYNAMIC_LINKER "/lib/ld-linux-aarch64.so.1"
#else
#define ELF_MACHINE EM_X86_64
#define LIB_DIR "/lib/x86_64-linux-gnu/"
#define DYNAMIC_LINKER "/lib64/ld-linux-x86-64.so.2"
#endif
