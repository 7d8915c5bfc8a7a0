/* Makes machine code at run time and names it in /tmp/perf-PID.map, as language run-times
 * do. The code keeps a frame pointer and has no unwind information; so has its caller,
 * which is also made here. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "work.h"

/* push rbp; mov rbp, rsp; mov rax, 1; L: imul rax, rax, 0x343fd; dec rdi; jnz L; pop rbp;
 * ret */
static const unsigned char loop_code[] = {
	0x55, 0x48, 0x89, 0xe5, 0x48, 0xc7, 0xc0, 0x01, 0x00, 0x00, 0x00, 0x48, 0x69,
	0xc0, 0xfd, 0x43, 0x03, 0x00, 0x48, 0xff, 0xcf, 0x75, 0xf4, 0x5d, 0xc3};
/* push rbp; mov rbp, rsp; call rsi; pop rbp; ret */
static const unsigned char call_code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3};

static FN void enter_jit(void (*call)(uint64_t n, void (*loop)(void)), uint64_t n,
			 void *loop)
{
	call(n, loop);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 800);
	char path[64];
	char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	void (*call)(uint64_t n, void (*loop)(void));
	FILE *map;

	expect("EXPECT main;enter_jit;jit_caller;jit_loop");
	expect("SHARE jit_loop 95 100");
	if (code == MAP_FAILED)
		return 1;
	memcpy(code, call_code, sizeof(call_code));
	memcpy(code + 256, loop_code, sizeof(loop_code));
	if (mprotect(code, 4096, PROT_READ | PROT_EXEC))
		return 1;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "w");
	if (!map)
		return 1;
	fprintf(map, "%lx %zx jit_caller\n", (unsigned long)code, sizeof(call_code));
	fprintf(map, "%lx %zx jit_loop\n", (unsigned long)code + 256, sizeof(loop_code));
	fclose(map);
	printf("MAP %s\n", path);
	fflush(stdout);
	memcpy(&call, &code, sizeof(call));
	for (unsigned i = 0; i < 50; i++)
		enter_jit(call, load / 50, code + 256);
	return 0;
}
