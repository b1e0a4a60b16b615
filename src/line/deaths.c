#include <fcntl.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "line/deaths.h"

#define FILE_NAME "starts"
#define FILE_MAX (1 * MIB)

static struct err *
append(const char *dir, const char *line)
{
	AUTO(mem_free_p) char *path = path_join(dir, FILE_NAME);
	AUTO(fd_close_p) int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys("cannot open '%s'", path);
	return err_wrap(file_write_all(fd, line, str_of(line).n), "'%s'", path);
}

/* Starts in a row, the last lines of the file, that read like this one. */
static int64_t
count_last(struct str text, struct str start)
{
	struct str line;
	int64_t n = 0;

	while (str_line(&text, &line))
		n = str_eq(line, start) ? n + 1 : 0;
	return n;
}

struct err *
deaths_start(const char *dir, size_t steps, int64_t *deaths)
{
	AUTO(mem_free_p) char *path = path_join(dir, FILE_NAME);
	AUTO(mem_free_p) char *line = mem_printf("start %zu\n", steps);
	AUTO(buf_free) struct buf text = BUF_INIT(FILE_MAX);
	struct err *e = file_read(AT_FDCWD, path, &text);

	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		e = NULL;
	}
	TRY(e);
	TRY(append(dir, line));
	*deaths = count_last(buf_str(&text), str_trim(str_of(line)));
	return NULL;
}

void
deaths_end(const char *dir)
{
	err_ignore(append(dir, "end\n"));
}
