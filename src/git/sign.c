#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/repo.h"
#include "git/sign.h"
#include "sys/proc.h"

#define SIGNATURE_MAX (16 * KIB)
#define DEADLINE_MS 30000
#define WRAP 70
#define MEMBER ",\"sig\":\""

static const char begins[] = "-----BEGIN SSH SIGNATURE-----";
static const char ends[] = "-----END SSH SIGNATURE-----";

/* ---- lines ---- */

static bool
is_base64(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", s.p[i]) == NULL ||
		    s.p[i] == '\0')
			return false;
	return s.n > 0;
}

bool
sign_open(struct str line, struct buf *text, struct str *signature)
{
	struct str member = STR(MEMBER), rest = line;
	ptrdiff_t at, last = -1;

	line = str_trim(line);
	rest = line;
	while ((at = str_find(rest, member)) >= 0) {
		last = (rest.p - line.p) + at;
		rest = str_skip(line, (size_t)last + member.n);
	}
	if (last < 0 || !str_ends(line, "\"}"))
		return false;
	*signature = str_take(rest, rest.n - 2);
	if (!is_base64(*signature))
		return false;
	buf_add(text, line.p, (size_t)last);
	buf_addc(text, '}');
	return true;
}

/* ---- ssh-keygen ---- */

/* A folder for what it reads from files, gone with the last line of its user. */
static struct err *
scratch(struct repo *r, char **out)
{
	AUTO(mem_free_p) char *dir = NULL;
	const char *top;

	TRY(repo_factory_dir(r, &top));
	dir = path_join(top, "sign-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return err_sys("cannot create '%s'", dir);
	*out = STEAL(dir);
	return NULL;
}

static void
scratch_drop(char **dir)
{
	if (*dir != NULL)
		err_ignore(tree_remove(AT_FDCWD, *dir));
	free(*dir);
}

static struct err *
put_file(const char *dir, const char *name, struct str data, char **path)
{
	*path = path_join(dir, name);
	return file_replace(AT_FDCWD, *path, data, 0600, false);
}

static void
keep_env(struct strs *env, const char *name)
{
	const char *value = getenv(name);

	if (value != NULL)
		strs_addf(env, "%s=%s", name, value);
}

static struct err *
keygen(const char *const *argv, struct str input, bool agent, struct proc_result *out)
{
	AUTO(strs_free) struct strs env = {0};
	struct proc_spec spec = {.argv = argv, .input = input, .max_out = SIGNATURE_MAX,
	    .deadline_ms = DEADLINE_MS};
	VEC(const char *) words = {0};
	struct err *e;
	size_t i;

	keep_env(&env, "PATH");
	strs_add(&env, "LC_ALL=C");
	strs_add(&env, "SSH_ASKPASS_REQUIRE=never");
	if (agent) {
		keep_env(&env, "HOME");
		keep_env(&env, "SSH_AUTH_SOCK");
	}
	for (i = 0; i < env.n; i++)
		vec_push(&words, env.v[i]);
	vec_push(&words, NULL);
	spec.env = words.v;
	e = proc_run(&spec, out);
	vec_free(&words);
	return e;
}

static struct err *
take_signature(struct str armor, struct buf *line)
{
	struct str text;
	bool inside = false, whole = false;

	buf_trunc(line, line->n - 1);
	buf_adds(line, MEMBER);
	while (str_line(&armor, &text)) {
		if (str_is(text, ends))
			whole = inside;
		if (str_starts(text, "-----"))
			inside = str_is(text, begins);
		else if (inside)
			buf_addstr(line, str_trim(text));
	}
	buf_adds(line, "\"}");
	return whole ? NULL : err_new(ERR_COMMAND, "ssh-keygen printed no signature");
}

struct err *
sign_line(struct repo *r, const char *key, const char *purpose, struct buf *line)
{
	const char *argv[] = {"ssh-keygen", "-q", "-Y", "sign", "-n", purpose, "-f", NULL, NULL};
	AUTO(proc_result_free) struct proc_result result = {0};
	AUTO(scratch_drop) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;

	if (str_starts(str_of(key), "key::")) {
		TRY(scratch(r, &dir));
		TRY(put_file(dir, "key.pub", str_of(key + strlen("key::")), &path));
	} else {
		path = str_starts(str_of(key), "~/") && getenv("HOME") != NULL ? path_join(getenv("HOME"), key + 2) :
		    mem_strdup(key);
	}
	argv[7] = path;
	TRY(keygen(argv, buf_str(line), true, &result));
	TRY(err_hint(proc_check(&result, "ssh-keygen -Y sign"),
	    "factory.evidence.key must be a key without passphrase, or one that the ssh-agent holds"));
	return take_signature(buf_str(&result.out.b), line);
}

static void
put_armor(struct str signature, struct buf *out)
{
	buf_addf(out, "%s\n", begins);
	for (; signature.n > 0; signature = str_skip(signature, WRAP))
		buf_addf(out, "%.*s\n", STR_ARG(str_take(signature, WRAP)));
	buf_addf(out, "%s\n", ends);
}

/* The first name of those that the key has in the list. */
static struct err *
find_name(const char *allowed, const char *sig, char **out)
{
	const char *argv[] = {"ssh-keygen", "-Y", "find-principals", "-f", allowed, "-s", sig, NULL};
	AUTO(proc_result_free) struct proc_result result = {0};
	struct str rest, name;

	TRY(keygen(argv, (struct str){0}, false, &result));
	rest = buf_str(&result.out.b);
	if (result.status == 0 && str_line(&rest, &name) && str_next(&name, ',', &rest) && rest.n > 0)
		*out = str_dup(rest);
	return NULL;
}

struct err *
sign_who(struct repo *r, const struct strs *signers, const char *purpose, struct str text,
    struct str signature, const char *as, char **who)
{
	AUTO(buf_free) struct buf armor = BUF_INIT(2 * SIGNATURE_MAX), lines = BUF_INIT(BUF_TEXT);
	AUTO(proc_result_free) struct proc_result result = {0};
	AUTO(scratch_drop) char *dir = NULL;
	AUTO(mem_free_p) char *allowed = NULL;
	AUTO(mem_free_p) char *sig = NULL;
	AUTO(mem_free_p) char *name = mem_strdup(as);
	size_t i;

	*who = NULL;
	if (signature.n > SIGNATURE_MAX || signers->n == 0)
		return NULL;
	TRY(scratch(r, &dir));
	for (i = 0; i < signers->n; i++)
		buf_addf(&lines, "%s\n", signers->v[i]);
	put_armor(signature, &armor);
	TRY(put_file(dir, "allowed", buf_str(&lines), &allowed));
	TRY(put_file(dir, "sig", buf_str(&armor), &sig));
	if (name == NULL)
		TRY(find_name(allowed, sig, &name));
	if (name == NULL)
		return NULL;
	TRY(keygen((const char *[]){"ssh-keygen", "-Y", "verify", "-f", allowed, "-I", name, "-n", purpose,
	    "-s", sig, NULL}, text, false, &result));
	if (result.status == 0)
		*who = STEAL(name);
	return NULL;
}
