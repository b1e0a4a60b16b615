#include <strings.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "git/tree.h"

/*
 * Code points that HFS+ ignores in a file name, so that ".g\u200cit" opens
 * ".git" there (the list of git's utf8.c, next_hfs_char()).
 */
static bool
hfs_ignores(int32_t c)
{
	return (c >= 0x200c && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x206a && c <= 0x206f) || c == 0xfeff;
}

static bool
is_dotgit_hfs(struct str part)
{
	static const char want[] = ".git";
	size_t i = 0;
	int32_t c;

	while (part.n > 0) {
		c = utf8_next(&part);
		if (c < 0)
			return false;
		if (hfs_ignores(c))
			continue;
		if (i == 4)
			return false;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c != want[i])
			return false;
		i++;
	}
	return i == 4;
}

/* NTFS drops spaces and dots at the end, has short names and streams. */
static bool
is_dotgit_ntfs(struct str part)
{
	ptrdiff_t colon = str_chr(part, ':');

	if (colon >= 0)
		part = str_take(part, (size_t)colon);
	while (part.n > 0 && (part.p[part.n - 1] == ' ' || part.p[part.n - 1] == '.'))
		part.n--;
	return (part.n == 4 && strncasecmp(part.p, ".git", 4) == 0) ||
	    (part.n == 5 && strncasecmp(part.p, "git~1", 5) == 0);
}

static const char *
part_fault(struct str part)
{
	size_t i;

	if (part.n == 0)
		return "it has an empty part";
	if (part.n > 255)
		return "it has a part over 255 bytes";
	if (str_is(part, ".") || str_is(part, ".."))
		return "it has '.' or '..'";
	for (i = 0; i < part.n && defence_on(DEFENCE_NAMES); i++)
		if ((unsigned char)part.p[i] < 0x20 || part.p[i] == 0x7f || part.p[i] == '\\')
			return "it has a control character or a backslash";
	if ((is_dotgit_ntfs(part) || is_dotgit_hfs(part)) && defence_on(DEFENCE_GIT_NAMES))
		return "some file systems take a part of it for '.git'";
	return NULL;
}

static const char *
path_fault(struct str path)
{
	struct str rest = path, part;
	const char *fault;
	int depth = 0;

	if (path.n == 0)
		return "it is empty";
	if (path.n > TREE_PATH_MAX)
		return "it is over 4096 bytes";
	if (path.p[0] == '/')
		return "it is absolute";
	if (path.p[path.n - 1] == '/')
		return "it ends with '/'";
	while (str_next(&rest, '/', &part)) {
		fault = part_fault(part);
		if (fault != NULL)
			return fault;
		if (++depth > TREE_DEPTH_MAX)
			return "it is over 128 folders deep";
	}
	return NULL;
}

struct err *
path_check(struct str path)
{
	const char *fault = path_fault(path);

	if (fault == NULL)
		return NULL;
	return err_new(ERR_DENIED, "the path '%.*s' is refused: %s", STR_ARG(str_take(path, 200)), fault);
}
