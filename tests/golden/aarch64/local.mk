EXTRA_DIST += \
	%D%/capture %D%/capture.py %D%/stacks.c \
	%D%/alternate.txt %D%/bare.txt %D%/fp.txt %D%/no-fp.txt %D%/pac.txt \
	%D%/pac-leaf.txt %D%/qsort.txt %D%/rawmemchr.txt %D%/signal.txt
