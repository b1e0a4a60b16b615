#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

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

/* Of the file system's own clock, so that times of files can be compared. */
static int64_t
written_ms(const char *dir, const char *name)
{
	AUTO(mem_free_p) char *path = path_join(dir, name);
	struct stat st;

	if (stat(path, &st) != 0)
		return 0;
#ifdef __APPLE__
	return (int64_t)st.st_mtimespec.tv_sec * 1000 + st.st_mtimespec.tv_nsec / 1000000;
#else
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
#endif
}

/* How long the start lived that is the last line of the file; its line was written when it began. */
static int64_t
lived_ms(const char *dir)
{
	int64_t began = written_ms(dir, FILE_NAME), journal = written_ms(dir, "journal.jsonl"),
	    transcript = written_ms(dir, "transcript.jsonl"), last = journal > transcript ? journal : transcript;

	return began > 0 && last > began ? last - began : 0;
}

/* "start STEPS", then "end MS", or "died MS" which the next start wrote. */
static void
count(struct str text, struct str start, struct deaths *out, bool *open)
{
	struct str line;
	int64_t ms;

	*open = false;
	while (str_line(&text, &line)) {
		bool ended = str_starts(line, "end ");

		if (str_starts(line, "start ")) {
			out->n = str_eq(line, start) ? out->n + 1 : 0;
			*open = true;
			continue;
		}
		if (ended)
			out->n = 0;
		if ((ended || str_starts(line, "died ")) &&
		    str_int(str_skip(line, ended ? 4 : 5), 0, INT64_MAX / 2, &ms) && out->used_ms < INT64_MAX / 2 - ms)
			out->used_ms += ms;
		*open = false;
	}
}

struct err *
deaths_start(const char *dir, size_t steps, struct deaths *out)
{
	AUTO(mem_free_p) char *path = path_join(dir, FILE_NAME);
	AUTO(mem_free_p) char *start = mem_printf("start %zu", steps);
	AUTO(buf_free) struct buf text = BUF_INIT(FILE_MAX), lines = BUF_INIT(KIB);
	struct err *e = file_read(AT_FDCWD, path, &text);
	struct deaths d = {0};
	int64_t lived;
	bool open;

	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		e = NULL;
	}
	TRY(e);
	count(buf_str(&text), str_of(start), &d, &open);
	if (open) {
		lived = lived_ms(dir);
		buf_addf(&lines, "died %" PRId64 "\n", lived);
		d.used_ms += lived;
	}
	buf_addf(&lines, "%s\n", start);
	TRY(append(dir, buf_cstr(&lines)));
	*out = d;
	return NULL;
}

void
deaths_end(const char *dir, int64_t used_ms)
{
	AUTO(mem_free_p) char *line = mem_printf("end %" PRId64 "\n", used_ms);

	err_ignore(append(dir, line));
}
