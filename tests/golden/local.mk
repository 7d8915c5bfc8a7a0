# Recordings in text and the folded stacks that they yield; remake tells where they come from.
EXTRA_DIST += tests/golden/remake
EXTRA_DIST += tests/golden/deep.capture tests/golden/deep.folded \
	tests/golden/hand.capture tests/golden/hand.folded \
	tests/golden/jit.capture tests/golden/jit.folded \
	tests/golden/live.capture tests/golden/live.folded \
	tests/golden/noheader.capture tests/golden/noheader.folded \
	tests/golden/procs.capture tests/golden/procs.folded \
	tests/golden/realign.capture tests/golden/realign.folded \
	tests/golden/sigalt.capture tests/golden/sigalt.folded \
	tests/golden/threads.capture tests/golden/threads.folded \
	tests/golden/vdso.capture tests/golden/vdso.folded
