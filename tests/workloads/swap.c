/* Takes its own file away while it runs: `swap LOAD unlink` deletes it, `swap LOAD
 * replace FILE` renames another program onto it. The profile must show the code
 * that ran. */
#include <string.h>
#include <unistd.h>

#include "work.h"

static FN void before_swap(uint64_t n)
{
	BURN(n);
}

static FN void after_swap(uint64_t n)
{
	BURN(n);
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 800);
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc < 3 || n < 0)
		return 2;
	self[n] = '\0';
	expect("EXPECT main;before_swap");
	expect("EXPECT main;after_swap");
	expect("SHARE before_swap 42 58");
	expect("SHARE after_swap 42 58");
	before_swap(load / 2);
	if (!strcmp(argv[2], "unlink") ? unlink(self) : rename(argv[3], self)) {
		perror(self);
		return 1;
	}
	after_swap(load / 2);
	return 0;
}
