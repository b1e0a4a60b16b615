/*
 * A git configuration file: what is called with is never without a section.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "git/conffile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err *
on_key(void *arg, const char *key, const char *value)
{
	bool b;

	(void)arg;
	if (strchr(key, '.') == NULL)
		abort();
	(void)!conffile_bool(value, &b);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	err_free(conffile_parse("f", str_mk((const char *)data, size), on_key, NULL));
	return 0;
}
