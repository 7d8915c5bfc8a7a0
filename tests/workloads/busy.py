"""A second of Python: calls, a dictionary, a sort and a regular expression. argv[1] is the number of
rounds."""
import re
import sys


def words(seed):
    for _ in range(2000):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield f"w{seed % 977}-{seed % 13}"


def count(seed):
    seen = {}
    for word in words(seed):
        seen[word] = seen.get(word, 0) + 1
    return sorted(seen, key=lambda word: (-seen[word], word))


def main():
    total = 0
    for seed in range(int(sys.argv[1])):
        total += sum(len(m) for m in re.findall(r"w(\d+)-1[0-2]?\b", " ".join(count(seed))))
    print(total)


main()
