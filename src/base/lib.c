#include <dlfcn.h>
#include <string.h>

#include "base/err.h"
#include "base/lib.h"
#include "base/mem.h"

struct err *
lib_open(const char *soname, const char *const names[], void *fns[], size_t n)
{
	AUTO(mem_free_p) void **found = mem_calloc(n, sizeof(*found));
	void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (lib == NULL)
		return err_hint(err_new(ERR_COMMAND, "cannot load the library '%s': %s", soname, dlerror()),
		    "install the package that has it, or build git-factory again");
	for (i = 0; i < n; i++) {
		found[i] = dlsym(lib, names[i]);
		if (found[i] == NULL)
			return err_new(ERR_COMMAND, "the library '%s' has no '%s'", soname, names[i]);
	}
	memcpy(fns, found, n * sizeof(*fns));
	return NULL;
}
