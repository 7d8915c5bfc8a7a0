#!/usr/bin/env python3
"""Prints a C++ program of argv[1] functions over the standard library's containers and algorithms: one
large translation unit, where most of what runs was inlined, several levels deep.
It is what the bench compiles (cc1) and, built with -g, records (inl)."""
import sys

count = int(sys.argv[1])
print("""#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

template <typename T> struct mixer {
	T state;
	T next() { return state = state * T(6364136223846793005u) + T(1442695040888963407u); }
	template <typename U> U below(U n) { return U(next() >> 33) % n; }
};

template <typename T> static inline T rotate(T x, unsigned n)
{
	return x << n | x >> (8 * sizeof(T) - n);
}
""")
for i in range(count):
    print(f"""
static __attribute__((noinline)) std::uint64_t work_{i}(mixer<std::uint64_t> &m)
{{
	std::vector<std::uint64_t> v({40 + i % 23});
	std::generate(v.begin(), v.end(), [&m] {{ return m.below(std::uint64_t({1000 + i})); }});
	std::sort(v.begin(), v.end(), [](auto a, auto b) {{ return (a ^ {i % 64}) < (b ^ {i % 64}); }});
	v.erase(std::unique(v.begin(), v.end()), v.end());
	std::map<std::uint64_t, std::uint64_t> tree;
	for (auto x : v)
		tree[x % {7 + i % 11}] += x;
	std::unordered_map<std::string, std::uint64_t> names;
	for (const auto &[key, value] : tree)
		names[std::string("key-{i}-") + char('a' + key % 26)] += value;
	auto most = std::max_element(names.begin(), names.end(),
				     [](const auto &a, const auto &b) {{ return a.second < b.second; }});
	auto sum = std::accumulate(v.begin(), v.end(), std::uint64_t({i}), [](auto a, auto b) {{
		return rotate(a, {i % 31 + 1}) ^ b;
	}});
	return sum + (most == names.end() ? 0 : most->second + most->first.size());
}}""")
print("""
int main(int argc, char **argv)
{
	mixer<std::uint64_t> m{7};
	std::uint64_t sum = 0;
	long rounds = argc > 1 ? std::atol(argv[1]) : 1;

	for (long i = 0; i < rounds; i++) {""")
for i in range(count):
    print(f"		sum += work_{i}(m);")
print("""	}
	return sum == 1;
}""")
