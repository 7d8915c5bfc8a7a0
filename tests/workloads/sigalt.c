/* A timer's signals, handled on an alternate stack: the handler's frames stand on those
 * of the code that it interrupted, through the trampoline, across two stacks. A second
 * handler stays on the ordinary stack. The timer is armed once a round, so that a slow
 * machine is not kept busy by its own signals.
 *
 * argv[2] "near" puts the alternate stack a little below the ordinary one, where a copy
 * of the stack from the handler upwards holds both; otherwise it is elsewhere, and the
 * copy can show no more than which function was interrupted. */
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "work.h"

static uint64_t in_handler;

static FN void handler_work(uint64_t n)
{
	BURN(n);
}

static void on_alarm(int sig)
{
	(void)sig;
	handler_work(in_handler);
	KEEP_FRAME();
}

static FN void plain_work(uint64_t n)
{
	BURN(n);
}

static void on_usr1(int sig)
{
	(void)sig;
	plain_work(in_handler);
	KEEP_FRAME();
}

static FN void interrupted(uint64_t n)
{
	BURN(n);
}

/* Below all frames that the program will have on its ordinary stack. The kernel copies
 * only pages that are there: each is touched. */
static FN char *far_below(void)
{
	char block[48 << 10];
	char *p = block;

	memset(block, 0, sizeof(block));
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

int main(int argc, char **argv)
{
	static char stack[16 << 10];
	uint64_t load = load_arg(argc, argv, 900);
	int near = argc > 2;
	stack_t alt = {.ss_sp = near ? far_below() : stack, .ss_size = 16 << 10};
	struct sigaction on_alt = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK};
	struct sigaction plain = {.sa_handler = on_usr1};
	struct itimerval timer = {.it_value = {0, 2000}};

	expect(near ? "EXPECT main;interrupted;*;on_alarm;handler_work"
		    : "EXPECT interrupted;*;on_alarm;handler_work");
	expect("EXPECT main;...;*;on_usr1;plain_work");
	expect("SHARE interrupted 79 94");
	expect("SHARE on_alarm 8 21");
	expect("SHARE on_usr1 8 21");
	in_handler = load / 360;
	sigaltstack(&alt, NULL);
	sigaction(SIGVTALRM, &on_alt, NULL);
	sigaction(SIGUSR1, &plain, NULL);
	for (unsigned i = 0; i < 60; i++) {
		setitimer(ITIMER_VIRTUAL, &timer, NULL);
		interrupted(load / 60);
		raise(SIGUSR1);
	}
	return 0;
}
