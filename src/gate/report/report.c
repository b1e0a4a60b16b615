#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "gate/gate.h"
#include "gate/glob.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"
#include "gate/report/report.h"

#define DEPTH_MAX 32
#define CHUNK (64 * KIB)

/* ---- what policy may say ---- */

static struct err *
check_place(const char *pattern)
{
	struct str rest = str_of(pattern), piece;

	if (pattern[0] == '\0' || pattern[0] == '/')
		return err_new(ERR_CONFIG, "the report '%s' must be a path below the gate's folder",
		    pattern);
	while (str_next(&rest, '/', &piece))
		if (str_is(piece, "..") || str_is(piece, ".git"))
			return err_new(ERR_CONFIG, "the report '%s' must not lead through '%.*s'",
			    pattern, STR_ARG(piece));
	return NULL;
}

static bool
name_into(void *arg, const struct format *f)
{
	struct buf *b = arg;

	buf_addf(b, "%s%s", b->n == 0 ? "" : ", ", f->name);
	return true;
}

static struct err *
check_format(const char *name)
{
	AUTO(buf_free) struct buf known = BUF_INIT(BUF_TEXT);

	if (format_named(name) != NULL)
		return NULL;
	format_each(name_into, &known);
	return err_hint(err_new(ERR_CONFIG, "'%s' is no format of a report", name),
	    "name one of: %s", buf_cstr(&known));
}

struct err *
report_check(const struct conf_gate *gate)
{
	const char *word;
	size_t i;

	for (i = 0; i < gate->report.n; i++)
		TRY(check_place(gate->report.v[i]));
	for (i = 0; i < gate->format.n; i++)
		TRY(check_format(gate->format.v[i]));
	word = gate->format.n > 0 ? "format" : gate->one[0] != '\0' ? "one" :
	    gate->tolerate.n > 0 ? "tolerate" : gate->quarantine.n > 0 ? "quarantine" :
	    gate->coverage > 0 ? "coverage" : NULL;
	if (gate->report.n > 0 || word == NULL)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "it has '%s' and no 'report'", word),
	    "add 'report', the file that its command writes");
}

/* ---- what lies there ---- */

static bool
is_pattern(const char *s)
{
	return strpbrk(s, "*?[\\") != NULL;
}

/* -1 in *fd when there is no such folder. */
static struct err *
folder_open(int dir, const char *name, const char *shown, int *fd)
{
	*fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (*fd != -1 || errno == ENOENT)
		return NULL;
	if (errno == ELOOP || errno == ENOTDIR)
		return err_new(ERR_DENIED, "'%s' is a link or no folder", shown);
	return err_sys("cannot open '%s'", shown);
}

struct lister {
	struct strs *paths;
	unsigned depth;
};

static struct err *list_in(struct lister *l, int dir, const char *prefix, const char *pattern);

static struct err *
list_add(struct lister *l, const char *path)
{
	if (l->paths->n >= REPORT_FILES_MAX)
		return err_new(ERR_LIMIT, "more than %d report files", REPORT_FILES_MAX);
	if (!strs_has(l->paths, path))
		strs_add(l->paths, path);
	return NULL;
}

/* 'name' matched the first component; 'rest' is what follows it, or NULL. */
static struct err *
list_name(struct lister *l, int dir, const char *prefix, const char *name, const char *rest)
{
	AUTO(mem_free_p) char *path = prefix[0] == '\0' ? mem_strdup(name) : path_join(prefix, name);
	AUTO(fd_close_p) int fd = -1;
	struct stat st;

	if (rest != NULL) {
		TRY(folder_open(dir, name, path, &fd));
		return fd == -1 ? NULL : list_in(l, fd, path, rest);
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? NULL : err_sys("cannot look at '%s'", path);
	return list_add(l, path);
}

static struct err *
list_names(int dir, const char *shown, struct strs *names)
{
	struct dirent *d;
	DIR *stream;
	int fd, no;

	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (stream = fdopendir(fd)) == NULL) {
		fd_close_p(&fd);
		return err_sys("cannot list '%s'", shown);
	}
	while (errno = 0, (d = readdir(stream)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    names->n < 100 * (size_t)REPORT_FILES_MAX)
			strs_add(names, d->d_name);
	no = errno;
	closedir(stream);
	strs_sort(names);
	errno = no;
	return no == 0 ? NULL : err_sys("cannot list '%s'", shown);
}

static bool
is_folder(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* "**": here, and in every folder below. */
static struct err *
list_deep(struct lister *l, int dir, const char *prefix, const char *pattern, const char *rest)
{
	AUTO(strs_free) struct strs names = {0};
	size_t i;

	TRY(list_in(l, dir, prefix, rest == NULL ? "*" : rest));
	TRY(list_names(dir, prefix, &names));
	for (i = 0; i < names.n; i++)
		if (is_folder(dir, names.v[i]) && strcmp(names.v[i], ".git") != 0)
			TRY(list_name(l, dir, prefix, names.v[i], pattern));
	return NULL;
}

static struct err *
list_match(struct lister *l, int dir, const char *prefix, const char *component, const char *rest)
{
	AUTO(strs_free) struct strs names = {0};
	size_t i;

	TRY(list_names(dir, prefix, &names));
	for (i = 0; i < names.n; i++) {
		if (!glob_match(component, names.v[i], 0))
			continue;
		/* A link where a pattern looks for folders is not one of them. */
		if (rest == NULL || is_folder(dir, names.v[i]))
			TRY(list_name(l, dir, prefix, names.v[i], rest));
	}
	return NULL;
}

static struct err *
list_in(struct lister *l, int dir, const char *prefix, const char *pattern)
{
	const char *slash = strchr(pattern, '/'), *rest = slash == NULL ? NULL : slash + 1;
	AUTO(mem_free_p) char *component = NULL;
	struct err *e;

	if (rest != NULL && *rest == '\0')
		rest = NULL;
	component = mem_strndup(pattern, slash == NULL ? strlen(pattern) : (size_t)(slash - pattern));
	if (component[0] == '\0' || strcmp(component, ".") == 0)
		return rest == NULL ? NULL : list_in(l, dir, prefix, rest);
	if (l->depth >= DEPTH_MAX)
		return NULL;
	l->depth++;
	if (strcmp(component, "**") == 0)
		e = list_deep(l, dir, prefix, pattern, rest);
	else if (is_pattern(component))
		e = list_match(l, dir, prefix, component, rest);
	else
		e = list_name(l, dir, prefix, component, rest);
	l->depth--;
	return e;
}

static struct err *
list_place(const char *pattern, int dir, struct strs *paths, bool *any)
{
	AUTO(strs_free) struct strs found = {0};
	struct lister l = {&found, 0};
	size_t i;

	TRY(list_in(&l, dir, "", pattern));
	*any = found.n > 0;
	for (i = 0; i < found.n; i++)
		if (!strs_has(paths, found.v[i]))
			strs_add(paths, found.v[i]);
	return NULL;
}

struct err *
report_list(int dir, const struct strs *patterns, struct strs *paths, const char **missing)
{
	size_t i;
	bool any;

	*missing = NULL;
	for (i = 0; i < patterns->n; i++) {
		TRY(list_place(patterns->v[i], dir, paths, &any));
		if (!any && *missing == NULL)
			*missing = patterns->v[i];
	}
	strs_sort(paths);
	return NULL;
}

/* ---- reading ---- */

/* Open without following a link in any component. */
static struct err *
open_plain(int top, const char *path, int *out)
{
	struct str rest = str_of(path), piece;
	AUTO(fd_close_p) int dir = -1;
	int fd = -1;

	while (str_next(&rest, '/', &piece)) {
		AUTO(mem_free_p) char *name = str_dup(piece);
		bool last = rest.n == 0;

		fd = openat(dir == -1 ? top : dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
		    (last ? 0 : O_DIRECTORY) | (defence_on(DEFENCE_REPORT) ? O_NOFOLLOW : 0));
		if (fd == -1 && (errno == ELOOP || errno == ENOTDIR))
			return err_new(ERR_DENIED, "'%s' is a link, or leads through one", path);
		if (fd == -1)
			return err_sys("cannot open '%s'", path);
		fd_close_p(&dir);
		dir = fd;
	}
	*out = dir;
	dir = -1;
	return NULL;
}

static struct err *
open_regular(int dir, const char *path, int *fd)
{
	struct stat st;

	TRY(open_plain(dir, path, fd));
	if (fstat(*fd, &st) == -1)
		return err_sys("cannot look at '%s'", path);
	return S_ISREG(st.st_mode) ? NULL : err_new(ERR_DENIED, "'%s' is no regular file", path);
}

/* One report on its way: held back until its format is known. */
struct intake {
	const char *path;
	const struct strs *formats;
	struct redactor *redact;
	struct facts *facts;
	struct buf head;
	struct report *report;
};

static void
intake_free(struct intake *in)
{
	buf_free(&in->head);
	format_close(in->report);
}

static struct err *
intake_begin(struct intake *in)
{
	const struct format *f;

	if (in->head.n == 0)
		return err_new(ERR_SYNTAX, "%s: the report is empty", in->path);
	f = in->formats->n == 1 ? format_named(in->formats->v[0]) : format_of(buf_str(&in->head));
	if (f == NULL)
		return err_hint(err_new(ERR_SYNTAX, "%s: a report of no known format", in->path),
		    "name it: 'format' of the gate in " CONFIG_PATH);
	if (in->formats->n > 1 && !strs_has(in->formats, f->name))
		return err_new(ERR_SYNTAX, "%s: a report of the format '%s', which the gate does not name",
		    in->path, f->name);
	in->report = format_open(f, in->path, in->facts);
	return format_feed(in->report, buf_str(&in->head));
}

static struct err *
intake_feed(struct intake *in, struct str bytes)
{
	if (in->report != NULL)
		return format_feed(in->report, bytes);
	buf_addstr(&in->head, bytes);
	TRY(buf_check(&in->head, "the report"));
	return in->head.n < FORMAT_HEAD ? NULL : intake_begin(in);
}

/* Secrets are taken out before names and messages are cut: half of one is not found. */
static struct err *
intake_clean(struct intake *in, struct str bytes, bool last)
{
	AUTO(buf_free) struct buf clean = BUF_INIT(REDACT_HOLD_MAX + 2 * CHUNK);

	if (in->redact == NULL)
		return intake_feed(in, bytes);
	redact_feed(in->redact, bytes, &clean);
	if (last)
		redact_finish(in->redact, &clean);
	TRY(buf_check(&clean, "the redacted report"));
	return intake_feed(in, buf_str(&clean));
}

static struct err *
read_into(struct intake *in, int fd, size_t *left)
{
	AUTO(mem_free_p) char *chunk = mem_alloc(CHUNK);
	ssize_t n;

	while ((n = read(fd, chunk, CHUNK)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys("cannot read '%s'", in->path);
		if ((size_t)n > *left)
			return err_new(ERR_LIMIT, "the reports have more than %zu MiB", GATE_REPORT_MAX / MIB);
		*left -= (size_t)n;
		TRY(intake_clean(in, str_mk(chunk, (size_t)n), false));
	}
	TRY(intake_clean(in, str_mk(NULL, 0), true));
	if (in->report == NULL)
		TRY(intake_begin(in));
	return format_end(in->report);
}

static struct err *
read_one(int dir, const char *path, const struct conf_gate *gate, struct redactor *redact,
    struct facts *out, size_t *left)
{
	AUTO(intake_free) struct intake in = {.path = path, .formats = &gate->format,
	    .redact = redact, .facts = out, .head = BUF_INIT(2 * REDACT_HOLD_MAX)};
	AUTO(fd_close_p) int fd = -1;
	struct err *e;

	TRY(open_regular(dir, path, &fd));
	e = read_into(&in, fd, left);
	/* What an ended stream still holds must not get into the next one. */
	if (e != NULL && redact != NULL) {
		AUTO(buf_free) struct buf rest = BUF_INIT(REDACT_HOLD_MAX + CHUNK);

		redact_finish(redact, &rest);
	}
	return e;
}

/* "Nothing was found" is an answer, "nothing was looked at" is none. */
static struct err *
check_said(const struct strs *paths, const struct facts *f)
{
	const char *first = paths->n == 0 ? "?" : paths->v[0];

	if ((f->kinds & FACTS_TESTS) != 0 && f->tests.n == 0)
		return err_new(ERR_SYNTAX, "%s: the report has no test", first);
	if ((f->kinds & FACTS_TESTS) != 0 && f->tests.skipped == f->tests.n)
		return err_new(ERR_SYNTAX, "%s: every test of the report was skipped", first);
	if ((f->kinds & FACTS_COVERAGE) != 0 && f->covers.n == 0)
		return err_new(ERR_SYNTAX, "%s: the report covers no file", first);
	if ((f->kinds & FACTS_TIMINGS) != 0 && f->timings.n == 0)
		return err_new(ERR_SYNTAX, "%s: the report has no timing", first);
	return NULL;
}

struct err *
report_read(int dir, const struct strs *paths, const struct conf_gate *gate,
    struct redactor *redact, struct facts *out)
{
	size_t i, left = GATE_REPORT_MAX;

	for (i = 0; i < paths->n; i++)
		TRY(read_one(dir, paths->v[i], gate, redact, out, &left));
	return check_said(paths, out);
}
