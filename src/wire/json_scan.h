/* SPDX-License-Identifier: MIT */
/* Where strings and brackets end. A part of json.c, included by it once for each kind of registers: SCAN(name) is what a function
 * is called there, SCAN_TARGET its attribute, SCAN_EQ the block_eq() that it uses. No branch hangs on where in a text
 * quotes and backslashes stand, for that cannot be foreseen. */

/* The quotes of a block that no backslash escapes. *escaped is 1 when the byte before the block
 * escapes its first one. A byte is escaped when an odd run of backslashes ends before it: adding a
 * run's first bit to the run carries into the bit behind it, and starts of even and odd offset are
 * added separately, so that the offset of that bit tells the length's parity. */
SCAN_TARGET static inline uint64_t SCAN(block_quotes)(const char *p, uint64_t *escaped)
{
	uint64_t quotes = SCAN_EQ(p, 0, '"'), slashes = SCAN_EQ(p, 0, '\\') & ~*escaped;
	uint64_t starts = slashes & ~(slashes << 1);
	uint64_t behind_even = slashes + (starts & EVEN), behind_odd;
	bool over = __builtin_add_overflow(slashes, starts & ~EVEN, &behind_odd);
	/* Among these are backslashes as well, which are no quotes. */
	uint64_t hit = *escaped | (behind_even & ~EVEN) | (behind_odd & EVEN);

	*escaped = over;
	return quotes & ~hit;
}

SCAN_TARGET static size_t SCAN(nested_end)(
	struct str text, size_t at, unsigned around, size_t *ret_bad)
{
	struct nest nest = { .depth = around };
	uint64_t escaped = 0, inside = 0;
	char pad[BLOCK];

	for (; at < text.n; at += BLOCK) {
		const char *p = block_at(text, at, pad);
		uint64_t quotes = SCAN(block_quotes)(p, &escaped);
		if (quotes == 0 && inside != 0)
			continue;
		/* From each opening quote up to before the closing one. */
		uint64_t strings = parity_below(quotes) ^ inside;
		inside = 0 - (strings >> 63);
		uint64_t brackets = (SCAN_EQ(p, 0x20, '{') | SCAN_EQ(p, 0x20, '}')) & ~strings;
		for (; brackets != 0; brackets &= brackets - 1) {
			unsigned i = (unsigned)__builtin_ctzll(brackets);
			if (!nest_step(&nest, p[i])) {
				*ret_bad = at + i;
				return 0;
			}
			if (nest.depth == around)
				return at + i + 1;
		}
	}
	*ret_bad = text.n;
	return 0;
}

SCAN_TARGET static size_t SCAN(string_end)(struct str text, size_t at)
{
	uint64_t escaped = 0;
	char pad[BLOCK];

	for (; at < text.n; at += BLOCK) {
		uint64_t quotes = SCAN(block_quotes)(block_at(text, at, pad), &escaped);
		if (quotes != 0)
			return at + (unsigned)__builtin_ctzll(quotes) + 1;
	}
	return 0;
}

#undef SCAN
#undef SCAN_TARGET
#undef SCAN_EQ
