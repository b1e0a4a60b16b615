#include "line/intake/notebook.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/forge.h"
#include "git/repo.h"
#include "wire/crypto.h"
#include "wire/json.h"

#define NOTEBOOK_MAX (16 * MIB)
#define SEEN_LEN 16	/* hex digits of a digest */

static void
take_issue(struct notebook *b, const struct node *n)
{
	struct notes_of_issue *i = notebook_issue(b, node_get_int(n, "number", 0));
	const char *comment = node_get_str(n, "comment"), *told = node_get_str(n, "told");

	if (node_get_str(n, "seen") != NULL) {
		free(i->seen);
		i->seen = mem_strdup(node_get_str(n, "seen"));
	}
	i->looked = node_get_int(n, "looked", 0);
	i->done = node_get_bool(n, "done", false);
	i->stage = node_get_int(n, "stage", 0);
	if (node_get_str(n, "ask") != NULL)
		notebook_ask(b, i->number, node_get_str(n, "ask"));
	notebook_tell(b, i->number, comment != NULL ? comment : "", told != NULL ? told : "");
}

static struct err *
read_book(struct notebook *b)
{
	AUTO(buf_free) struct buf text = BUF_INIT(NOTEBOOK_MAX);
	AUTO(arena_free) struct arena mem = {0};
	const struct node *list, *n;
	struct node *root;
	const char *project;

	TRY(file_read(AT_FDCWD, b->path, &text));
	TRY(json_parse(&mem, b->path, buf_str(&text), &root));
	project = node_get_str(root, "project");
	if (project == NULL || strcmp(project, b->project) != 0)
		return NULL;
	b->newest = node_get_int(root, "newest", 0);
	list = node_get(root, "issues");
	for (n = list != NULL ? list->child : NULL; n != NULL; n = n->next)
		take_issue(b, n);
	b->fresh = false;
	return NULL;
}

struct err *
notebook_open(struct repo *r, const char *project, struct notebook *out)
{
	AUTO(mem_free_p) char *folder = NULL;
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	folder = path_join(dir, "forge");
	TRY(dir_make(AT_FDCWD, folder, 0700));
	*out = (struct notebook){.path = mem_printf("%s/issues.%.*s.json", folder, (int)strcspn(project, ":"), project), .project = mem_strdup(project),
	    .fresh = true};
	err_ignore(read_book(out));
	out->changed = false;
	return NULL;
}

void
notebook_free(struct notebook *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		free(b->v[i].seen);
		free(b->v[i].comment);
		free(b->v[i].told);
		free(b->v[i].ask);
	}
	vec_free(b);
	free(b->path);
	free(b->project);
	*b = (struct notebook){0};
}

struct notes_of_issue *
notebook_issue(struct notebook *b, int64_t number)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].number == number)
			return &b->v[i];
	vec_push(b, (struct notes_of_issue){.number = number, .seen = mem_strdup(""), .comment = mem_strdup(""),
	    .told = mem_strdup(""), .ask = mem_strdup("")});
	return &b->v[b->n - 1];
}

static void
add_names(struct buf *b, const struct strs *names)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		buf_adds(b, names->v[i]);
		buf_addc(b, '\0');
	}
	buf_addc(b, '\n');
}

static struct err *
make_seen(const struct forge_issue *issue, struct buf *out)
{
	AUTO(buf_free) struct buf all = BUF_INIT(4 * FORGE_TEXT_MAX), hex = BUF_INIT(2 * CRYPTO_SHA256);
	uint8_t digest[CRYPTO_SHA256];

	buf_addf(&all, "%s %" PRId64 " %d\n", issue->stamp != NULL ? issue->stamp : "", issue->updated, issue->open);
	add_names(&all, &issue->labels);
	add_names(&all, &issue->assignees);
	buf_addf(&all, "%s\n", issue->title);
	buf_adds(&all, issue->body);
	TRY(buf_check(&all, "the issue"));
	TRY(crypto_sha256(buf_str(&all), digest));
	hex_add(&hex, digest, sizeof(digest));
	buf_addstr(out, str_take(buf_str(&hex), SEEN_LEN));
	return NULL;
}

struct err *
notebook_seen(struct notebook *b, const struct forge_issue *now, bool *seen)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SEEN_LEN);

	TRY(make_seen(now, &text));
	*seen = strcmp(notebook_issue(b, now->number)->seen, buf_cstr(&text)) == 0;
	return NULL;
}

struct err *
notebook_see(struct notebook *b, const struct forge_issue *now)
{
	struct notes_of_issue *i = notebook_issue(b, now->number);
	AUTO(buf_free) struct buf text = BUF_INIT(SEEN_LEN);

	TRY(make_seen(now, &text));
	free(i->seen);
	i->seen = buf_steal(&text);
	b->changed = true;
	return NULL;
}

void
notebook_tell(struct notebook *b, int64_t number, const char *comment, const char *told)
{
	struct notes_of_issue *i = notebook_issue(b, number);

	b->changed |= strcmp(i->comment, comment) != 0 || strcmp(i->told, told) != 0;
	free(i->comment);
	free(i->told);
	i->comment = mem_strdup(comment);
	i->told = mem_strdup(told);
}

void
notebook_ask(struct notebook *b, int64_t number, const char *ask)
{
	struct notes_of_issue *i = notebook_issue(b, number);

	b->changed |= strcmp(i->ask, ask) != 0;
	free(i->ask);
	i->ask = mem_strdup(ask);
}

struct err *
notebook_save(struct notebook *b)
{
	AUTO(buf_free) struct buf text = BUF_INIT(NOTEBOOK_MAX);
	struct jw w;
	size_t i;

	if (!b->changed)
		return NULL;
	jw_init(&w, &text, false);
	jw_obj(&w);
	jw_kstr(&w, "project", b->project);
	jw_kint(&w, "newest", b->newest);
	jw_key(&w, "issues");
	jw_list(&w);
	for (i = 0; i < b->n; i++) {
		jw_obj(&w);
		jw_kint(&w, "number", b->v[i].number);
		jw_kstr(&w, "seen", b->v[i].seen);
		jw_kint(&w, "looked", b->v[i].looked);
		jw_kbool(&w, "done", b->v[i].done);
		jw_kint(&w, "stage", b->v[i].stage);
		jw_kstr(&w, "comment", b->v[i].comment);
		jw_kstr(&w, "told", b->v[i].told);
		jw_kstr(&w, "ask", b->v[i].ask);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	TRY(buf_check(&text, b->path));
	b->changed = false;
	return file_replace(AT_FDCWD, b->path, buf_str(&text), 0600, false);
}
