/* SPDX-License-Identifier: MIT */
/* Any bytes as a coded body: see unit/wire/encoding_oracle.h for what must hold. The first byte chooses the
 * coding ('i', 'g', 'd', 'b', 'z'), the second the ceiling. */
#include "unit/wire/encoding_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char kinds[] = { 'i', 'g', 'd', 'b', 'z' };
	enum encoding kind = ENCODING_IDENTITY;
	struct err e = { 0 };
	struct buf out;

	if (size < 2)
		return 0;
	for (size_t i = 0; i < sizeof(kinds); i++)
		if ((char)data[0] == kinds[i])
			kind = (enum encoding)i;
	struct str coded = { (const char *)data + 2, size - 2 };
	struct str few = { coded.p, coded.n < 64 ? coded.n : 64 };
	buf_init(&out, (size_t)1 << data[1] % 18);
	bool good = decode_pieces(kind, coded, (struct pieces){ 0 }, &out, &e);
	encoding_check_pieces(kind, coded, (struct pieces){ .every = 1 + size / 256 }, good, &out);
	encoding_check_pieces(kind, coded, (struct pieces){ .seed = random_seed(few) }, good, &out);
	buf_release(&out);
	return 0;
}
