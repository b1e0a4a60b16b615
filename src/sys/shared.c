#include "sys/shared.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#define LEVELS 3	/* from a binary's folder up to the source of its build */

struct err *
shared_read(const char *path, struct buf *out, char **used)
{
	AUTO(mem_free_p) char *name = path_join(DATADIR, path);
	struct err *e = file_read(AT_FDCWD, name, out), *other;
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int i;

	self[n > 0 ? n : 0] = '\0';
	for (i = 0; i < LEVELS && err_is(e, ERR_NOT_FOUND); i++) {
		AUTO(mem_free_p) char *near = NULL;

		if ((slash = strrchr(self, '/')) == NULL)
			break;
		*slash = '\0';
		near = mem_printf("%s/%s", self, path);
		other = file_read(AT_FDCWD, near, out);
		if (err_is(other, ERR_NOT_FOUND)) {
			err_free(other);
			continue;
		}
		err_free(e);
		e = other;
		mem_free_p(&name);
		name = STEAL(near);
	}
	if (used != NULL)
		*used = STEAL(name);
	return err_is(e, ERR_NOT_FOUND) ? err_hint(e, "'make install' puts it there") : e;
}
