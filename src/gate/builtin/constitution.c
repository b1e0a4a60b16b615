#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/rule.h"
#include "gate/builtin/source.h"
#include "gate/glob.h"
#include "gate/room.h"

static const struct rule table[] = {
#define RULE(name, langs, view, kind, pattern, text) {name, langs, view, kind, pattern, text, NULL},
#include "gate/builtin/constitution.tbl.h"
#undef RULE
};

/* ---- rules ---- */

static enum finding_kind
milder(enum finding_kind kind)
{
	return kind == FINDING_BLOCKS ? FINDING_FLAGGED : FINDING_NOTE;
}

/* Is the rule one that policy leaves out? */
static bool
left_out(const struct inspect *in, const char *name)
{
	return in->set != NULL && strs_has(&in->set->except, name);
}

static bool
decide(void *arg, const struct rule *rule, const struct source *s, struct str match,
    enum finding_kind *kind)
{
	(void)match;
	if (left_out(arg, rule->name))
		return false;
	if (s->test)
		*kind = milder(*kind);
	return true;
}

/* The project's own, below 'rules'; they say themselves where they hold. */
static struct err *
own_rules(struct inspect *in)
{
	const struct config *c = in->s->gates->o.config;
	AUTO(mem_free_p) struct rule *own = mem_calloc(c->rules.n + 1, sizeof(*own));
	AUTO(rules_free) struct rules r = {.v = own, .n = c->rules.n};
	size_t i;

	for (i = 0; i < c->rules.n; i++) {
		const struct conf_rule *rule = &c->rules.v[i];

		own[i] = (struct rule){.name = rule->name, .pattern = rule->pattern, .paths = &rule->paths,
		    .text = rule->text[0] != '\0' ? rule->text : "a rule of the project is broken",
		    .kind = rule->outcome == RULE_BLOCK ? FINDING_BLOCKS :
		    rule->outcome == RULE_FLAG ? FINDING_FLAGGED : FINDING_NOTE};
	}
	return c->rules.n == 0 ? NULL : rules_judge(in, &r);
}

/* ---- hosts ---- */

/* Nobody's, one's own machine, and where documents and code are pointed at. */
static const char *const known_hosts[] = {
	"localhost", "*.localhost", "example.com", "*.example.com", "example.org", "*.example.org",
	"example.net", "*.example.net", "*.example", "*.test", "*.invalid", "*.local", "*.internal",
	"127.*", "0.0.0.0", "10.*", "192.168.*", "172.16.*", "172.17.*",
	"github.com", "gitlab.com", "codeberg.org", "*.w3.org", "json-schema.org", "*.json-schema.org",
	"schemas.*", "*.ietf.org", "*.rfc-editor.org", "*.wikipedia.org", "stackoverflow.com",
	"docs.*", "developer.*", "*.readthedocs.io", "*.apache.org", "*.gnu.org", "opensource.org",
	"creativecommons.org", "spdx.org", "*.mozilla.org", "*.python.org", "python.org", "pypi.org",
	"*.npmjs.com", "*.npmjs.org", "nodejs.org", "crates.io", "docs.rs", "*.rust-lang.org",
	"golang.org", "go.dev", "pkg.go.dev", "proxy.golang.org", "*.maven.org", "*.debian.org",
	"*.kernel.org", "git-scm.com", "*.unicode.org", "*.schemastore.org", "semver.org",
};

/* Files of the base that say which hosts the project has to do with. */
static const char *const manifests[] = {
	"README.md", "README", "README.rst", "package.json", "pyproject.toml", "setup.py", "setup.cfg",
	"Cargo.toml", "go.mod", "composer.json", ".factory/config.yml",
};

static bool
names_host(struct str text, struct str host)
{
	ptrdiff_t at;
	size_t end;

	while ((at = str_find(text, host)) >= 0) {
		end = (size_t)at + host.n;
		if ((end == text.n || (!isalnum((unsigned char)text.p[end]) && text.p[end] != '-')) &&
		    (at == 0 || (!isalnum((unsigned char)text.p[at - 1]) && text.p[at - 1] != '-')))
			return true;
		text = str_skip(text, end);
	}
	return false;
}

static bool
base_names(struct inspect *in, const char *path, struct str host)
{
	struct str text;
	struct err *e = change_text(in->change, path, true, &text);

	if (e != NULL) {
		err_ignore(e);
		return false;
	}
	return names_host(text, host);
}

static bool
is_known(struct inspect *in, const struct change_file *f, struct str host)
{
	AUTO(mem_free_p) char *name = str_dup(host);
	size_t i;

	for (i = 0; i < NITEMS(known_hosts); i++)
		if (glob_match(known_hosts[i], name, GLOB_ICASE))
			return true;
	for (i = 0; in->set != NULL && i < in->set->hosts.n; i++)
		if (glob_match(in->set->hosts.v[i], name, GLOB_ICASE))
			return true;
	if (f->from[0] != '\0' && base_names(in, f->from, host))
		return true;
	for (i = 0; i < NITEMS(manifests); i++)
		if (base_names(in, manifests[i], host))
			return true;
	return false;
}

/* The next host of an address in the line: "https://user@host:80/x". */
static bool
next_host(struct str *rest, struct str *host)
{
	ptrdiff_t at;
	struct str s;
	size_t n;

	while ((at = str_find(*rest, STR("://"))) >= 0) {
		s = str_take(*rest, (size_t)at);
		*rest = str_skip(*rest, (size_t)at + 3);
		if (!str_ends(s, "http") && !str_ends(s, "https") && !str_ends(s, "ws") && !str_ends(s, "wss") &&
		    !str_ends(s, "ftp"))
			continue;
		for (n = 0; n < rest->n && (isalnum((unsigned char)rest->p[n]) || strchr(".-_@", rest->p[n]) != NULL) &&
		    rest->p[n] != '\0'; n++)
			;
		s = str_take(*rest, n);
		at = str_chr(s, '@');
		*host = at >= 0 ? str_skip(s, (size_t)at + 1) : s;
		/* One that is put together is not known here. */
		if (str_has(*host, '.') && !str_starts(*host, ".") && !str_ends(*host, "."))
			return true;
	}
	return false;
}

static struct err *
hosts_of(struct inspect *in, const struct change_file *f)
{
	AUTO(source_free) struct source s = {0};
	AUTO(strs_free) struct strs told = {0};
	struct str rest, host;
	bool found;
	size_t i;

	if (f->added.n == 0 || !lang_is_code(lang_of(f->path)))
		return NULL;
	TRY(source_open(in->change, f, false, &s, &found));
	for (i = 0; found && i < f->added.n; i++) {
		if (f->added.v[i].moved)
			continue;
		rest = str_take(source_line(&s, VIEW_TEXT, f->added.v[i].line), RULE_WINDOW);
		while (next_host(&rest, &host)) {
			AUTO(mem_free_p) char *name = str_dup(host);

			if (strs_has(&told, name) || is_known(in, f, host))
				continue;
			strs_add(&told, name);
			inspect_find(in, s.test || s.docs ? FINDING_NOTE : FINDING_FLAGGED, "host", f->path,
			    f->added.v[i].line, "calls the host '%s', which the project does not know", name);
		}
	}
	return NULL;
}

/* ---- checks that were there ---- */

static const char *const checks[] = {
	"-Werror", "-Wall", "-Wextra", "-fsanitize=", "-fstack-protector", "-D_FORTIFY_SOURCE",
	"--strict", "set -e", "\"strict\": true", "strict = true", "fail_ci_if_error: true", "npm audit",
	"pip-audit", "cargo audit", "cargo clippy", "shellcheck", "eslint", "mypy", "flake8", "pylint",
};

static size_t
count_of(struct str text, const char *word)
{
	size_t n = 0;
	ptrdiff_t at;

	while ((at = str_find(text, str_of(word))) >= 0) {
		n++;
		text = str_skip(text, (size_t)at + strlen(word));
	}
	return n;
}

static struct err *
checks_of(struct inspect *in, const struct change_file *f)
{
	AUTO(source_free) struct source before = {0}, after = {0};
	const struct lang *l = lang_of(f->path);
	bool had, has;
	size_t i, was;

	if (f->deleted.n == 0 || f->status == 'D' || l == NULL ||
	    !(l->kind == LANG_CONFIG || lang_is(l, "shell")))
		return NULL;
	TRY(source_open(in->change, f, true, &before, &had));
	TRY(source_open(in->change, f, false, &after, &has));
	for (i = 0; had && has && i < NITEMS(checks); i++) {
		was = count_of(before.view[VIEW_TEXT], checks[i]);
		if (was != 0 && count_of(after.view[VIEW_TEXT], checks[i]) < was)
			inspect_find(in, after.test ? FINDING_NOTE : FINDING_FLAGGED, "check-off", f->path, 0,
			    "'%s' was taken out", checks[i]);
	}
	return NULL;
}

struct err *
constitution_judge(struct inspect *in)
{
	static struct regex *kept[NITEMS(table)];
	AUTO(rules_free) struct rules r = {.v = table, .n = NITEMS(table), .kept = kept, .decide = decide, .arg = in};
	size_t i;

	TRY(rules_judge(in, &r));
	TRY(own_rules(in));
	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		if (!inspect_sees(in, f->path))
			continue;
		if (!left_out(in, "host"))
			TRY(hosts_of(in, f));
		if (!left_out(in, "check-off"))
			TRY(checks_of(in, f));
	}
	return NULL;
}
