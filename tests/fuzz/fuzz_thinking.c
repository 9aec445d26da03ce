/* SPDX-License-Identifier: MIT */
/* Any bytes as a request, as a frame and as a reply: what is sealed can be opened and is then what it was; what was fitted holds no
 * envelope in a signature's place, and fitting it again changes nothing. */
#include "llm/native.h"
#include "llm/thinking.h"
#include "unit/wire/check.h"
#include "wire/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fit(struct str body, const struct thinking_rules *r)
{
	struct thinking_rules home = { .model = r->model, .wanted = r->wanted };
	struct buf once, twice;
	size_t dropped;

	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	if (thinking_fit(body, r, &once, &dropped)) {
		CHECK(once.n > 0);
		home.drop_all = r->drop_all && !r->wanted;
		/* An envelope may hold an envelope. */
		if (dropped > 0 && str_find(buf_str(&once), STR(NATIVE_PREFIX)) == once.n)
			CHECK(!thinking_fit(buf_str(&once), &home, &twice, &dropped));
	} else {
		CHECK(once.n == 0 && dropped == 0);
	}
	buf_release(&once);
	buf_release(&twice);
}

/* A reply whose signatures were sealed, as a conversation that comes back to that model. */
static void check_back(struct str content, struct str sealed)
{
	const struct thinking_rules r = { .model = STR("m"), .rerouted = true };
	struct buf body, out;
	size_t dropped;

	buf_init(&body, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	buf_addf(&body, "{\"messages\":[{\"content\":%.*s}]}", STR_ARG(sealed));
	if (json_is_value(content) && thinking_fit(buf_str(&body), &r, &out, &dropped) &&
		dropped == 0)
		CHECK(out.n < body.n);
	buf_release(&body);
	buf_release(&out);
}

static void check_seal(struct str text)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	if (thinking_seal_frame(text, STR("m"), &out))
		CHECK(out.n > text.n);
	CHECK(out.n == 0 || str_find(buf_str(&out), STR(NATIVE_PREFIX "ant.")) < out.n);
	buf_clear(&out);
	if (thinking_seal_reply(text, STR("m"), &out)) {
		CHECK(out.n > text.n);
		check_back(json_get(text, STR("content")), json_get(buf_str(&out), STR("content")));
	}
	buf_release(&out);
}

static void check_envelope(struct str text)
{
	struct arena *a = arena_new();
	struct native_issuer by;
	struct str value;

	if (native_open_signature(text, a, &value)) {
		CHECK(native_issuer(text, &by));
		CHECK(by.origin >= NATIVE_MODELS && by.bytes == value.n);
	}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = exact_copy((struct str){ (const char *)data, size });
	struct str text = { copy, size };

	for (unsigned i = 0; i < 8; i++) {
		const struct thinking_rules r = { .model = i % 2 == 0 ? STR("m")
								      : STR("claude-opus-5-5"),
			.rerouted = (i & 1) != 0,
			.drop_all = (i & 2) != 0,
			.wanted = (i & 4) != 0 };
		check_fit(text, &r);
	}
	check_seal(text);
	check_envelope(text);
	free(copy);
	return 0;
}
