/* dlopen, work, dlclose in turns, with two plug-ins that tend to get the same address: a
 * sample must be named after what was mapped at its time. argv[2] and argv[3] are the
 * plug-ins. */
#include <dlfcn.h>
#include <string.h>

#include "work.h"

static FN void run_plugin(const char *path, uint64_t n)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void (*run)(uint64_t n);
	void *symbol;

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	symbol = dlsym(handle, "plugin_run");
	memcpy(&run, &symbol, sizeof(run));
	run(n);
	dlclose(handle);
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1000);

	if (argc < 4)
		return 2;
	expect("EXPECT main;run_plugin;plugin_run;alpha_load");
	expect("EXPECT main;run_plugin;plugin_run;beta_load");
	expect("SHARE alpha_load 20 30");
	expect("SHARE beta_load 70 80");
	for (unsigned i = 0; i < 100; i++) {
		run_plugin(argv[2], load / 400);
		run_plugin(argv[3], load / 400 * 3);
	}
	return 0;
}
