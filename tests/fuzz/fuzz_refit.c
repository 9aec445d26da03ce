/* SPDX-License-Identifier: MIT */
/* Any bytes as a Messages request for models of every sort: what was made to fit is JSON where it was before, says the same things, and
 * fits. */
#include "llm/refit.h"
#include "unit/wire/check.h"
#include "wire/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct str before, struct str after)
{
	static const char *const members[] = { "messages", "system", "tools", "model", "metadata" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		struct str was = json_get(before, str_from(members[i]));
		struct str is = json_get(after, str_from(members[i]));
		CHECK((was.p == NULL) == (is.p == NULL) && str_eq(was, is));
	}
}

static void check_fit(struct str body, const char *model, bool lacks_thinking)
{
	struct caps caps;
	const struct refit r = { .caps = &caps, .lacks_thinking = lacks_thinking };
	struct buf once, twice;

	caps_of_model(&caps, NULL, str_from(model));
	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	if (refit_request(body, &r, &once)) {
		CHECK(once.n >= 2);
		if (json_is_object(body)) {
			CHECK(json_is_object(buf_str(&once)));
			check_same(body, buf_str(&once));
			CHECK(!refit_request(buf_str(&once), &r, &twice));
		}
	} else {
		CHECK(once.n == 0);
	}
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const models[] = { "claude-opus-5-5", "claude-opus-4-6",
		"claude-sonnet-5-5", "claude-haiku-4-5", "claude-3-5-haiku", "o3" };
	char *copy = exact_copy((struct str){ (const char *)data, size });
	struct str text = { copy, size };

	for (size_t i = 0; i < ARRAY_LEN(models); i++)
		check_fit(text, models[i], i % 2 != 0);
	check_fit(text, "claude-haiku-4-5", false);
	free(copy);
	return 0;
}
