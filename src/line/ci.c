#include "line/ci.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "conf/config.h"
#include "git/oid.h"
#include "git/repo.h"
#include "line/policy.h"
#include "sys/beneath.h"
#include "sys/shared.h"

#define FILES_MAX 2

static const struct ci {
	const char *forge;
	const char *runner;	/* whose label jobs ask for; NULL: the file says it */
	bool url, plain;	/* forms that 'action' may have */
	struct ci_file {
		const char *from, *path;
	} files[FILES_MAX];
	const char *next;	/* lines for a person */
} all[] = {
	{"github", NULL, false, true,
	    {{"github.yml", ".github/workflows/factory.yml"}},
	    "Secrets of the repository: ANTHROPIC_API_KEY or OPENAI_API_KEY; and FACTORY_FORGE_TOKEN,\n"
	    "the token of a bot user or an App, if the pull requests are to start workflows.\n"},
	{"forgejo", "docker", true, true,
	    {{"forgejo.yml", ".forgejo/workflows/factory.yml"}},
	    "Secrets of the repository: FACTORY_FORGE_TOKEN, the token of a user of its own who administrates\n"
	    "it; ANTHROPIC_API_KEY or OPENAI_API_KEY. The runner's containers must be privileged.\n"},
	{"gitea", "ubuntu-latest", true, true,
	    {{"forgejo.yml", ".gitea/workflows/factory.yml"}},
	    "Secrets of the repository: FACTORY_FORGE_TOKEN, the token of a user of its own who administrates\n"
	    "it; ANTHROPIC_API_KEY or OPENAI_API_KEY. The runner's containers must be privileged.\n"},
	{"gitlab", NULL, true, false,
	    {{"gitlab.yml", ".gitlab/factory.yml"}, {"gitlab-ci.yml", ".gitlab-ci.yml"}},
	    "A job's own token opens no merge requests, and may not push by default. Make a project access token\n"
	    "(scopes api and write_repository) and put it into the CI/CD variable FACTORY_FORGE_TOKEN: masked,\n"
	    "protected, for the environment 'factory/write' alone; ANTHROPIC_API_KEY or OPENAI_API_KEY likewise, for\n"
	    "'factory/run'. Leave 'Allow Git push requests to the repository' off: it is for every job, also the\n"
	    "agent's. Then make a pipeline schedule, or a webhook that triggers a pipeline: .gitlab/factory.yml says how.\n"
	    "Where .gitlab-ci.yml was there already, add to it: include: [{local: .gitlab/factory.yml}]\n"},
};

static struct err *
find(const char *forge, const struct ci **out)
{
	size_t i;

	for (i = 0; i < NITEMS(all); i++)
		if (strcmp(all[i].forge, forge) == 0) {
			*out = &all[i];
			return NULL;
		}
	return err_hint(err_new(ERR_USAGE, "'%s' has no CI that is known here: github, gitlab, gitea and forgejo have", forge),
	    "elsewhere 'git factory serve' or a timer does the same");
}

/* ---- where it is built from ---- */

#define WORD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"

static bool
is_url(const char *action)
{
	return strncmp(action, "https://", 8) == 0 || strncmp(action, "http://", 7) == 0 || strncmp(action, "file:///", 8) == 0;
}

/* It is put between quotes, and its id must be one: a name that can move would run what its owner likes. */
static struct err *
check_action(const struct ci *ci, const char *action)
{
	const char *at = action == NULL ? NULL : strrchr(action, '@');
	bool url = action != NULL && is_url(action);
	struct oid id;
	size_t n;

	if (action == NULL)
		return err_new(ERR_USAGE, "--ci goes with --action %s@ID", ci->plain ? "OWNER/NAME" : "URL");
	n = strspn(action, url ? WORD_CHARS ":" : WORD_CHARS);
	if (at == NULL || action + n != at || strchr(action, '/') == NULL || !oid_parse(str_of(at + 1), &id) ||
	    (url ? !ci->url : !ci->plain))
		return err_hint(err_new(ERR_USAGE, "'%s' is not %s@ID", action,
		    ci->plain && ci->url ? "OWNER/NAME@ID or URL" : ci->plain ? "OWNER/NAME" : "URL"),
		    "ID is the full id of a commit, of 40 digits");
	return NULL;
}

/* ---- filling it in ---- */

static void
replace_all(struct buf *text, const char *mark, const char *with)
{
	ptrdiff_t at;
	size_t from = 0;

	while ((at = str_find(str_skip(buf_str(text), from), str_of(mark))) >= 0) {
		buf_cut(text, from + (size_t)at, strlen(mark));
		buf_insert(text, from + (size_t)at, with, strlen(with));
		from += (size_t)at + strlen(with);
	}
}

/* Into a YAML flow list and a string between quotes: a name that would end one is refused. */
static struct err *
check_plain(const char *what, const char *value)
{
	if (strpbrk(value, "'\"\\[]{},:#&*!|>%@`$\n") == NULL)
		return NULL;
	return err_new(ERR_CONFIG, "%s '%s' cannot stand in a workflow", what, value);
}

static struct err *
fill(struct repo *r, const struct ci *ci, const char *action, struct buf *text)
{
	const char *at = strrchr(action, '@');
	AUTO(mem_free_p) char *source = str_dup(str_take(str_of(action), (size_t)(at - action)));
	AUTO(mem_free_p) char *uses = mem_printf("%s/ci%s", source, at);
	AUTO(policy_free) struct policy p = {0};
	struct err *e = policy_open(r, &p);
	const char *base = e == NULL ? p.cfg.base : "main", *label = e == NULL ? p.cfg.forge.label : "factory";

	/* Before the first commit there is no policy to read. */
	err_ignore(e);
	TRY(check_plain("the base", base));
	TRY(check_plain("the label", label));
	replace_all(text, "@ACTION@", uses);
	replace_all(text, "@SOURCE@", source);
	replace_all(text, "@COMMIT@", at + 1);
	replace_all(text, "@BASE@", base);
	replace_all(text, "@LABEL@", label);
	replace_all(text, "@KIND@", ci->forge);
	if (ci->runner != NULL)
		replace_all(text, "@RUNNER@", ci->runner);
	return NULL;
}

/* ---- writing it ---- */

static struct err *
write_file(int dir, struct repo *r, const struct ci *ci, const struct ci_file *f, const char *action, struct strs *written)
{
	AUTO(mem_free_p) char *from = mem_printf("templates/workflows/%s", f->from);
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	struct stat st;

	if (fstatat(dir, f->path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return NULL;
	TRY(shared_read(from, &text, NULL));
	TRY(fill(r, ci, action, &text));
	TRY(beneath_write(dir, f->path, buf_str(&text), 0666));
	strs_add(written, f->path);
	return NULL;
}

struct err *
ci_write(struct repo *r, const char *forge, const char *action, struct strs *written)
{
	AUTO(fd_close_p) int dir = -1;
	const struct ci *ci = NULL;
	size_t i;

	TRY(find(forge, &ci));
	TRY(check_action(ci, action));
	if (repo_workdir(r) == NULL)
		return err_new(ERR_USAGE, "a bare repository has no files to add a workflow to");
	dir = open(repo_workdir(r), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys("cannot open '%s'", repo_workdir(r));
	for (i = 0; i < FILES_MAX && ci->files[i].from != NULL; i++)
		TRY(write_file(dir, r, ci, &ci->files[i], action, written));
	return NULL;
}

const char *
ci_next(const char *forge)
{
	size_t i;

	for (i = 0; i < NITEMS(all); i++)
		if (strcmp(all[i].forge, forge) == 0)
			return all[i].next;
	return "";
}
