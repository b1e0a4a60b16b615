#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "llm/transcript.h"
#include "wire/json.h"

static const char *const stop_words[] = {
	[LLM_END] = "end",
	[LLM_TOOLS] = "tools",
	[LLM_LENGTH] = "length",
	[LLM_REFUSED] = "refused",
};

struct transcript {
	char *path;
	VEC(struct transcript_answer) answers;
	size_t next;
	size_t line;
	int fd;			/* -1: only read */
	int64_t lost;
	int64_t pending;	/* cost_max of the last request while it has no answer */
};

/* ---- hash ---- */

struct hash {
	unsigned __int128 h;
};

static void
hash_add(struct hash *h, const void *p, size_t n)
{
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
	const unsigned char *c = p;
	size_t i;

	for (i = 0; i < n; i++) {
		h->h ^= c[i];
		h->h *= prime;
	}
}

/* With its length before it, so that no two sequences of strings are one. */
static void
hash_str(struct hash *h, const char *s)
{
	uint64_t n = s == NULL ? UINT64_MAX : strlen(s);
	unsigned char raw[8];
	int i;

	for (i = 0; i < 8; i++)
		raw[i] = (unsigned char)(n >> (8 * i));
	hash_add(h, raw, sizeof(raw));
	if (s != NULL)
		hash_add(h, s, strlen(s));
}

static void
hash_msg(struct hash *h, const struct llm_msg *m)
{
	size_t i;

	hash_str(h, m->role == LLM_USER ? "user" : "assistant");
	for (i = 0; i < m->blocks.n; i++) {
		const struct llm_block *b = &m->blocks.v[i];

		hash_str(h, b->text);
		hash_str(h, b->id);
		hash_str(h, b->name);
		hash_str(h, b->input);
		hash_str(h, b->is_error ? "error" : NULL);
	}
}

void
transcript_hash(const char *model, const struct llm_request *req, int64_t max_tokens,
    char out[TRANSCRIPT_HASH])
{
	struct hash h = {((unsigned __int128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d};
	AUTO(mem_free_p) char *max = mem_printf("%lld", (long long)max_tokens);
	size_t i;

	hash_str(&h, model);
	hash_str(&h, max);
	hash_str(&h, req->system);
	for (i = 0; i < req->ntools; i++) {
		hash_str(&h, req->tools[i].name);
		hash_str(&h, req->tools[i].description);
		hash_str(&h, req->tools[i].schema);
	}
	for (i = 0; i < req->nmsgs; i++)
		hash_msg(&h, &req->msgs[i]);
	snprintf(out, TRANSCRIPT_HASH, "%016llx%016llx", (unsigned long long)(h.h >> 64),
	    (unsigned long long)h.h);
}

/* ---- reading ---- */

static struct err *
read_block(const struct node *n, struct llm_msg *msg)
{
	const char *text = node_get_str(n, "text"), *id = node_get_str(n, "id");
	const char *name = node_get_str(n, "name");
	const struct node *input = node_get(n, "input");
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct jw w;

	if (text != NULL) {
		llm_msg_text(msg, text);
		return NULL;
	}
	if (id == NULL || name == NULL || input == NULL || input->kind != NODE_MAP)
		return node_err(n, "a block must have a text, or an id, a name and an input");
	jw_init(&w, &b, false);
	jw_node(&w, input);
	llm_msg_call(msg, id, name, buf_cstr(&b));
	return NULL;
}

static struct err *
read_stop(const struct node *reply, enum llm_stop *out)
{
	const char *word = node_get_str(reply, "stop");
	size_t i;

	for (i = 0; i < NITEMS(stop_words); i++)
		if (word != NULL && strcmp(word, stop_words[i]) == 0) {
			*out = (enum llm_stop)i;
			return NULL;
		}
	return node_err(reply, "'stop' must be end, tools, length or refused");
}

static struct err *
read_reply(const struct node *line, struct llm_reply *r)
{
	const struct node *reply = node_get(line, "reply"), *usage = node_get(line, "usage"), *c;
	const struct node *blocks = node_get(reply, "blocks");

	if (blocks == NULL || blocks->kind != NODE_LIST)
		return node_err(line, "an answer without blocks");
	TRY(read_stop(reply, &r->stop));
	for (c = blocks->child; c != NULL; c = c->next)
		TRY(read_block(c, &r->msg));
	r->usage = (struct llm_usage){node_get_int(usage, "in", 0), node_get_int(usage, "out", 0),
	    node_get_int(usage, "cache_read", 0), node_get_int(usage, "cache_write", 0)};
	r->cost = node_get_int(line, "cost", 0);
	r->guessed = node_get_bool(line, "guessed", false);
	r->recorded = true;
	return NULL;
}

static struct err *
read_answer(struct transcript *t, const struct node *line)
{
	const char *hash = node_get_str(line, "request");
	struct transcript_answer a = {.redacted = node_get_bool(line, "redacted", false)};
	struct err *e = NULL;

	if (hash != NULL)
		snprintf(a.request, sizeof(a.request), "%s", hash);
	llm_msg_init(&a.reply.msg, LLM_ASSISTANT);
	if (!a.redacted || node_get(line, "reply") != NULL)
		e = read_reply(line, &a.reply);
	if (e != NULL) {
		llm_reply_free(&a.reply);
		return e;
	}
	vec_push(&t->answers, a);
	return NULL;
}

static void
cut_answers(struct transcript *t, int64_t from)
{
	while (t->answers.n > 0 && (int64_t)t->answers.n > from)
		llm_reply_free(&t->answers.v[--t->answers.n].reply);
}

static struct err *
read_line(struct transcript *t, struct str text)
{
	AUTO(arena_free) struct arena a = {0};
	AUTO(mem_free_p) char *name = mem_printf("%s:%zu", t->path, ++t->line);
	struct node *n = NULL;

	if (str_trim(text).n == 0)
		return NULL;
	TRY(json_parse(&a, name, text, &n));
	if (n->kind != NODE_MAP)
		return node_err(n, "expected an object");
	if (node_get(n, "from") != NULL) {
		cut_answers(t, node_get_int(n, "from", 0));
		return NULL;
	}
	t->lost += node_get(n, "asked") != NULL ? t->pending : 0;
	t->pending = node_get(n, "asked") != NULL ? node_get_int(n, "cost_max", 0) : 0;
	if (node_get(n, "reply") != NULL || node_get_bool(n, "redacted", false))
		return read_answer(t, n);
	if (node_get(n, "asked") == NULL && node_get(n, "failed") == NULL)
		return node_err(n, "a line of an unknown kind");
	return NULL;
}

/* *whole: where the last full line ends. */
static struct err *
read_all(struct transcript *t, struct str text, size_t *whole)
{
	ptrdiff_t end;

	for (*whole = 0; (end = str_chr(text, '\n')) >= 0; *whole += (size_t)end + 1) {
		TRY(read_line(t, str_take(text, (size_t)end)));
		text = str_skip(text, (size_t)end + 1);
	}
	t->lost += t->pending;
	return NULL;
}

static struct err *
open_for_writing(struct transcript *t, size_t whole)
{
	t->fd = open(t->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->fd < 0)
		return err_sys("cannot write '%s'", t->path);
	if (ftruncate(t->fd, (off_t)whole) != 0)
		return err_sys("cannot write '%s'", t->path);
	return NULL;
}

static struct err *
load(struct transcript *t, bool write)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TRANSCRIPT_MAX);
	size_t whole = 0;
	struct err *e = file_read(AT_FDCWD, t->path, &text);

	if (write && err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		e = NULL;
	}
	TRY(e);
	/* A recording that is written by hand may lack its last newline. */
	if (!write && text.n > 0)
		buf_addc(&text, '\n');
	TRY(read_all(t, buf_str(&text), &whole));
	return write ? open_for_writing(t, whole) : NULL;
}

struct err *
transcript_open(const char *path, bool write, struct transcript **out)
{
	struct transcript *t = mem_alloc(sizeof(*t));
	struct err *e;

	t->path = mem_strdup(path);
	t->fd = -1;
	e = load(t, write);
	if (e != NULL) {
		transcript_close(t);
		return e;
	}
	*out = t;
	return NULL;
}

void
transcript_close(struct transcript *t)
{
	if (t == NULL)
		return;
	cut_answers(t, 0);
	vec_free(&t->answers);
	fd_close_p(&t->fd);
	free(t->path);
	free(t);
}

const struct transcript_answer *
transcript_peek(const struct transcript *t)
{
	return t->next < t->answers.n ? &t->answers.v[t->next] : NULL;
}

void
transcript_skip(struct transcript *t)
{
	t->next++;
}

size_t
transcript_used(const struct transcript *t)
{
	return t->next;
}

int64_t
transcript_lost(const struct transcript *t)
{
	return t->lost;
}

/* ---- writing ---- */

static struct err *
append(struct transcript *t, struct buf *line)
{
	buf_addc(line, '\n');
	TRY(buf_check(line, "a line of the transcript"));
	TRY(err_wrap(file_write_all(t->fd, line->p, line->n), "'%s'", t->path));
	if (fdatasync(t->fd) != 0)
		return err_sys("cannot sync '%s'", t->path);
	return NULL;
}

struct err *
transcript_asked(struct transcript *t, const char *hash, int64_t cost_max)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	struct jw w;

	jw_init(&w, &line, false);
	if (t->next < t->answers.n) {
		jw_obj(&w);
		jw_kint(&w, "from", (int64_t)t->next);
		jw_end(&w);
		buf_addc(&line, '\n');
		cut_answers(t, (int64_t)t->next);
		jw_init(&w, &line, false);
	}
	jw_obj(&w);
	jw_kstr(&w, "asked", hash);
	jw_kint(&w, "cost_max", cost_max);
	jw_end(&w);
	return append(t, &line);
}

struct err *
transcript_failed(struct transcript *t, const char *word)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	struct jw w;

	jw_init(&w, &line, false);
	jw_obj(&w);
	jw_kstr(&w, "failed", word);
	jw_end(&w);
	return append(t, &line);
}

static void
write_block(struct jw *w, const struct llm_block *b)
{
	jw_obj(w);
	if (b->kind == LLM_TEXT)
		jw_kstr(w, "text", b->text);
	else {
		jw_kstr(w, "id", b->id);
		jw_kstr(w, "name", b->name);
		jw_key(w, "input");
		jw_raw(w, str_of(b->input));
	}
	jw_end(w);
}

static void
write_reply(struct jw *w, const struct llm_reply *r)
{
	size_t i;

	jw_key(w, "reply");
	jw_obj(w);
	jw_kstr(w, "stop", stop_words[r->stop]);
	jw_key(w, "blocks");
	jw_list(w);
	for (i = 0; i < r->msg.blocks.n; i++)
		write_block(w, &r->msg.blocks.v[i]);
	jw_end(w);
	jw_end(w);
	jw_key(w, "usage");
	jw_obj(w);
	jw_kint(w, "in", r->usage.in);
	jw_kint(w, "out", r->usage.out);
	jw_kint(w, "cache_read", r->usage.cache_read);
	jw_kint(w, "cache_write", r->usage.cache_write);
	jw_end(w);
	jw_kint(w, "cost", r->cost);
	if (r->guessed)
		jw_kbool(w, "guessed", true);
}

static void
write_answer(struct buf *line, const char *model, const char *hash, const struct llm_reply *r,
    bool redacted)
{
	struct jw w;

	jw_init(&w, line, false);
	jw_obj(&w);
	jw_kstr(&w, "request", hash);
	jw_kstr(&w, "model", model);
	if (redacted)
		jw_kbool(&w, "redacted", true);
	if (r != NULL)
		write_reply(&w, r);
	jw_end(&w);
}

static bool
is_line(struct str text)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = NULL;
	struct err *e;

	if (str_has(text, '\n'))
		return false;
	e = json_parse(&a, "line", text, &n);
	err_free(e);
	return e == NULL;
}

struct err *
transcript_answered(struct transcript *t, const struct llm_config *cfg, const char *hash,
    const struct llm_reply *reply)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	AUTO(buf_free) struct buf clean = BUF_INIT(BUF_TEXT);
	bool changed = false;

	write_answer(&line, cfg->model, hash, reply, false);
	if (cfg->redact != NULL)
		TRY(cfg->redact(cfg->redact_arg, buf_str(&line), &clean, &changed));
	if (changed) {
		buf_clear(&line);
		write_answer(&line, cfg->model, hash, reply, true);
		buf_clear(&clean);
		TRY(cfg->redact(cfg->redact_arg, buf_str(&line), &clean, &changed));
		/* What the redactor took may have been part of the syntax. */
		if (is_line(buf_str(&clean)))
			return append(t, &clean);
		buf_clear(&line);
		write_answer(&line, cfg->model, hash, NULL, true);
	}
	return append(t, &line);
}
