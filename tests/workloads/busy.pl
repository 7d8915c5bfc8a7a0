# A second of Perl: hashes, sorting and regular expressions. The argument is the number of rounds.
use strict;
use warnings;

my $total = 0;
for my $round (1 .. $ARGV[0]) {
	my ($seed, %seen) = ($round);
	for (1 .. 2000) {
		$seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
		$seen{"w" . $seed % 977 . "-" . $seed % 13}++;
	}
	for my $word (sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen) {
		$total += length($1) if $word =~ /^w(\d+)-1[0-2]?$/;
	}
}
print "$total\n";
