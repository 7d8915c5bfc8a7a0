/* A function in assembly whose CFA is given by a DWARF expression that no compiler
 * writes: rsp + 8 * 3, on a stack machine. Its rule cannot be any of the common ones. */
#include "work.h"

void odd_frame(uint64_t n);
void work_in(uint64_t n);

FN void work_in(uint64_t n)
{
	BURN(n);
}

/* .cfi_escape: DW_CFA_def_cfa_expression (0x0f), 7 bytes: DW_OP_breg7 0, DW_OP_lit8,
 * DW_OP_lit3, DW_OP_mul, DW_OP_plus, DW_OP_nop (DWARF 5, sections 6.4.2.2 and 7.7.1). */
__asm__(".text\n"
	".type odd_frame, @function\n"
	"odd_frame:\n"
	"	.cfi_startproc\n"
	"	subq $16, %rsp\n"
	"	.cfi_escape 0x0f, 7, 0x77, 0, 0x38, 0x33, 0x1e, 0x22, 0x96\n"
	"	call work_in\n"
	"	addq $16, %rsp\n"
	"	.cfi_def_cfa 7, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size odd_frame, . - odd_frame\n");

static FN void outer(uint64_t n)
{
	odd_frame(n);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 700);

	expect("EXPECT main;outer;odd_frame;work_in");
	expect("SHARE odd_frame 95 100");
	for (unsigned i = 0; i < 20; i++)
		outer(load / 20);
	return 0;
}
