#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/beneath.h"
#include "sys/jail.h"
#include "tool/serve.h"
#include "wire/node.h"

#define BINARY_LOOK 8000

struct err *
input_check(const struct node *input, const char *const known[])
{
	const struct node *n;
	size_t i;

	for (n = input->child; n != NULL; n = n->next) {
		for (i = 0; known[i] != NULL && !str_is(n->key, known[i]); i++)
			;
		if (known[i] == NULL)
			return err_new(ERR_USAGE, "this tool has no '%.*s'", STR_ARG(n->key));
	}
	return NULL;
}

struct err *
input_text(const struct node *input, const char *key, struct str *out)
{
	const struct node *n = node_get(input, key);

	if (n == NULL)
		return err_new(ERR_USAGE, "'%s' is missing", key);
	if (n->kind != NODE_STRING)
		return err_new(ERR_USAGE, "'%s' must be a string, not %s", key, node_kind_name(n->kind));
	*out = n->text;
	return NULL;
}

struct err *
input_int(const struct node *input, const char *key, int64_t low, int64_t high, int64_t fallback,
    int64_t *out)
{
	const struct node *n = node_get(input, key);

	*out = fallback;
	if (n == NULL || n->kind == NODE_NULL)
		return NULL;
	if (n->kind != NODE_INT || n->integer < low || n->integer > high)
		return err_new(ERR_USAGE, "'%s' must be an integer from %lld to %lld", key, (long long)low,
		    (long long)high);
	*out = n->integer;
	return NULL;
}

static struct str
strip_root(struct str path)
{
	if (str_is(path, JAIL_WORK))
		return STR(".");
	if (str_starts(path, JAIL_WORK "/"))
		return str_skip(path, strlen(JAIL_WORK "/"));
	return path;
}

struct err *
input_path(const struct node *input, bool missing_ok, char **out)
{
	AUTO(buf_free) struct buf clean = BUF_INIT(64 * KIB);
	struct str path, part;

	if (missing_ok && node_get(input, "path") == NULL) {
		*out = mem_strdup(".");
		return NULL;
	}
	TRY(input_text(input, "path", &path));
	if (path.n > 4096)
		return err_new(ERR_LIMIT, "the path is too long");
	path = strip_root(path);
	TRY(err_hint(beneath_path(path), "name a path relative to the workspace"));
	while (str_next(&path, '/', &part)) {
		if (part.n == 0 || str_is(part, "."))
			continue;
		if (clean.n > 0)
			buf_addc(&clean, '/');
		buf_addstr(&clean, part);
	}
	*out = clean.n > 0 ? buf_steal(&clean) : mem_strdup(".");
	return NULL;
}

/*
 * What a file system may take for ".git": other letter cases, NTFS's short
 * name, trailing dots and spaces, and the code points that HFS+ ignores (all
 * of them outside ASCII, so a name of these few letters with any is suspect).
 */
static bool
is_git_name(struct str part)
{
	char plain[8] = {0};
	size_t n = 0, i;

	while (part.n > 0 && (part.p[part.n - 1] == '.' || part.p[part.n - 1] == ' '))
		part.n--;
	for (i = 0; i < part.n; i++) {
		if ((unsigned char)part.p[i] >= 0x80)
			continue;
		if (n == sizeof(plain) - 1)
			return false;
		plain[n++] = part.p[i];
	}
	return strcasecmp(plain, ".git") == 0 || strcasecmp(plain, "git~1") == 0;
}

bool
path_in_git(const char *path)
{
	struct str rest = str_of(path);
	struct str part;

	while (str_next(&rest, '/', &part)) {
		if (is_git_name(part))
			return true;
	}
	return false;
}

bool
text_like(struct str content)
{
	return content.n == 0 ||
	    memchr(content.p, '\0', content.n < BINARY_LOOK ? content.n : BINARY_LOOK) == NULL;
}
