#include "face/check.h"

#include "base/err.h"
#include "line/check.h"
#include "model/verdict.h"

const struct check_face check_faces[CHECK_FORMS] = {
	[CHECK_JSON] = {"json", check_json},
	[CHECK_SARIF] = {"sarif", check_sarif},
	[CHECK_JUNIT] = {"junit", check_junit},
	[CHECK_MARKDOWN] = {"markdown", check_markdown},
	[CHECK_GITHUB] = {"github", check_github},
};

struct err *
check_answer(const struct check *c)
{
	size_t i, n = 0;

	if (c->passed)
		return NULL;
	for (i = 0; i < c->verdicts.n; i++)
		n += verdict_blocks(&c->verdicts.v[i]);
	return err_new(ERR_GATES_FAILED, "%zu of %zu gates did not pass", n, c->verdicts.n);
}
