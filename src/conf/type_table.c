/*
 * The built-in types of tasks.  What is not said here is the key's default.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/key.h"

#define SEVERITY "types.<name>.severity"
#define AUTO_MERGE "types.<name>.auto_merge"
#define LABEL "types.<name>.labels"
#define PATH "types.<name>.paths"
#define WORD "types.<name>.words"
#define ITERATIONS "types.<name>.iterations"
#define REVIEW "types.<name>.review_timeout"
#define ROLLBACK "types.<name>.rollback"

const struct type_value type_values[] = {
	{"documentation", SEVERITY, "low"},
	{"documentation", AUTO_MERGE, "true"},
	{"documentation", LABEL, "documentation"},
	{"documentation", LABEL, "docs"},
	{"documentation", PATH, "docs/**"},
	{"documentation", PATH, "doc/**"},
	{"documentation", PATH, "man/**"},
	{"documentation", PATH, "*.md"},
	{"documentation", PATH, "*.rst"},
	{"documentation", PATH, "*.adoc"},
	{"documentation", PATH, "README"},
	{"documentation", PATH, "CHANGELOG"},
	{"documentation", PATH, "CHANGES"},
	{"documentation", PATH, "NEWS"},
	{"documentation", PATH, "AUTHORS"},
	{"documentation", PATH, "CONTRIBUTING"},
	{"documentation", WORD, "documentation"},
	{"documentation", WORD, "docs"},
	{"documentation", WORD, "document"},
	{"documentation", WORD, "readme"},
	{"documentation", WORD, "typo"},
	{"documentation", WORD, "fix typo"},
	{"documentation", WORD, "fix typos"},
	{"documentation", WORD, "man page"},
	{"documentation", ITERATIONS, "3"},

	{"test_generation", SEVERITY, "low"},
	{"test_generation", AUTO_MERGE, "true"},
	{"test_generation", LABEL, "tests"},
	{"test_generation", LABEL, "testing"},
	{"test_generation", PATH, "test/**"},
	{"test_generation", PATH, "tests/**"},
	{"test_generation", PATH, "*_test.*"},
	{"test_generation", PATH, "*.test.*"},
	{"test_generation", PATH, "test_*"},
	{"test_generation", WORD, "add tests"},
	{"test_generation", WORD, "add a test"},
	{"test_generation", WORD, "unit tests"},
	{"test_generation", WORD, "test coverage"},
	{"test_generation", WORD, "write tests"},

	{"bug_fix_isolated", SEVERITY, "medium"},
	{"bug_fix_isolated", LABEL, "bug"},
	{"bug_fix_isolated", LABEL, "kind/bug"},
	{"bug_fix_isolated", LABEL, "type:bug"},
	{"bug_fix_isolated", WORD, "bug"},
	{"bug_fix_isolated", WORD, "fix"},
	{"bug_fix_isolated", WORD, "fixes"},
	{"bug_fix_isolated", WORD, "crash"},
	{"bug_fix_isolated", WORD, "crashes"},
	{"bug_fix_isolated", WORD, "regression"},

	{"feature", SEVERITY, "medium"},
	{"feature", LABEL, "enhancement"},
	{"feature", LABEL, "feature"},
	{"feature", LABEL, "kind/feature"},
	{"feature", WORD, "feature"},
	{"feature", WORD, "feat"},
	{"feature", WORD, "add"},
	{"feature", WORD, "implement"},
	{"feature", WORD, "support"},

	{"dependency", SEVERITY, "medium"},
	{"dependency", LABEL, "dependencies"},
	{"dependency", LABEL, "dependency"},
	{"dependency", PATH, "package.json"},
	{"dependency", PATH, "package-lock.json"},
	{"dependency", PATH, "yarn.lock"},
	{"dependency", PATH, "pnpm-lock.yaml"},
	{"dependency", PATH, "requirements*.txt"},
	{"dependency", PATH, "poetry.lock"},
	{"dependency", PATH, "go.mod"},
	{"dependency", PATH, "go.sum"},
	{"dependency", PATH, "Cargo.toml"},
	{"dependency", PATH, "Cargo.lock"},
	{"dependency", PATH, "Gemfile*"},
	{"dependency", PATH, "pom.xml"},
	{"dependency", WORD, "bump"},
	{"dependency", WORD, "dependency"},
	{"dependency", WORD, "dependencies"},
	{"dependency", WORD, "deps"},

	{"refactor", SEVERITY, "medium"},
	{"refactor", LABEL, "refactor"},
	{"refactor", LABEL, "refactoring"},
	{"refactor", LABEL, "technical-debt"},
	{"refactor", WORD, "refactor"},
	{"refactor", WORD, "rename"},
	{"refactor", WORD, "simplify"},
	{"refactor", WORD, "clean up"},

	{"cross_service_refactor", SEVERITY, "high"},
	{"cross_service_refactor", LABEL, "cross-service"},
	{"cross_service_refactor", WORD, "cross service"},
	{"cross_service_refactor", WORD, "all services"},
	{"cross_service_refactor", WORD, "across services"},
	{"cross_service_refactor", REVIEW, "2d"},
	{"cross_service_refactor", ROLLBACK, "error_rate"},
	{"cross_service_refactor", ROLLBACK, "p99_latency"},

	{"performance", SEVERITY, "high"},
	{"performance", LABEL, "performance"},
	{"performance", WORD, "performance"},
	{"performance", WORD, "perf"},
	{"performance", WORD, "faster"},
	{"performance", WORD, "slow"},
	{"performance", WORD, "latency"},
	{"performance", ROLLBACK, "p99_latency"},
	{"performance", ROLLBACK, "memory"},
	{"performance", ROLLBACK, "cpu"},

	{"security_critical", SEVERITY, "critical"},
	{"security_critical", LABEL, "security"},
	{"security_critical", LABEL, "vulnerability"},
	{"security_critical", PATH, "auth/**"},
	{"security_critical", PATH, "**/auth/**"},
	{"security_critical", PATH, "crypto/**"},
	{"security_critical", PATH, "**/crypto/**"},
	{"security_critical", PATH, "security/**"},
	{"security_critical", PATH, "**/security/**"},
	{"security_critical", WORD, "security"},
	{"security_critical", WORD, "vulnerability"},
	{"security_critical", WORD, "cve"},
	{"security_critical", WORD, "xss"},
	{"security_critical", WORD, "csrf"},
	{"security_critical", WORD, "sql injection"},
	{"security_critical", WORD, "authentication"},
	{"security_critical", WORD, "authorization"},
	{"security_critical", WORD, "encryption"},
	{"security_critical", WORD, "credentials"},
	{"security_critical", ROLLBACK, "error_rate"},

	{"config", SEVERITY, "high"},
	{"config", LABEL, "config"},
	{"config", LABEL, "configuration"},
	{"config", PATH, "config/**"},
	{"config", PATH, "*.ini"},
	{"config", PATH, "*.conf"},
	{"config", PATH, ".editorconfig"},
	{"config", WORD, "config"},
	{"config", WORD, "configuration"},
	{"config", ROLLBACK, "error_rate"},
	{NULL, NULL, NULL},
};

static const struct key *
type_key(const char *name)
{
	const struct key *k = keys;

	while (k->place != PLACE_TYPE || strcmp(k->name, name) != 0)
		k++;
	return k;
}

void
types_add(struct config *c)
{
	const struct type_value *v;
	void *obj = NULL;

	for (v = type_values; v->type != NULL; v++) {
		if (v == type_values || strcmp(v[-1].type, v->type) != 0)
			obj = place_add(c, PLACE_TYPE, str_of(v->type));
		if (!key_set(type_key(v->key), c, obj, str_of(v->value)))
			abort();
	}
}
