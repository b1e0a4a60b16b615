/*
 * XML from anywhere: tags come balanced and no deeper than the ceiling.
 */
#include <stdlib.h>

#include "base/err.h"
#include "wire/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err *
on_start(void *arg, const char *name, const char *const *attrs)
{
	int *depth = arg;

	if (*name == '\0' || xml_local(name) == NULL || ++*depth > XML_DEPTH)
		abort();
	xml_attr(attrs, "name");
	return NULL;
}

static struct err *
on_text(void *arg, struct str text)
{
	(void)arg;
	if (text.n > XML_MAX)
		abort();
	return NULL;
}

static struct err *
on_end(void *arg, const char *name)
{
	int *depth = arg;

	(void)name;
	if (--*depth < 0)
		abort();
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xml_handler h = {on_start, on_text, on_end};
	int depth = 0;
	struct err *e = xml_parse("f", str_mk((const char *)data, size), &h, &depth);

	if (e == NULL && depth != 0)
		abort();
	err_free(e);
	return 0;
}
