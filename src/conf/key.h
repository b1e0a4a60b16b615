/*
 * key.h - the table of every configuration key: kind, place, limits, default
 * and one sentence.  Parser, defaults, 'config list', the template and the
 * manual's key list are made from it.  Private to conf/.
 */
#ifndef CONF_KEY_H
#define CONF_KEY_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct config;

enum key_kind {
	KEY_LINE,	/* const char *: one line */
	KEY_OWN,	/* the same, of the user's own git config alone */
	KEY_BRANCH,	/* const char * */
	KEY_VIEW,	/* const char *: a branch, or "none" for "" */
	KEY_REMOTE,	/* const char *: a git remote, or "none" for "" */
	KEY_REL,	/* const char *: a path in the repository */
	KEY_URL,	/* const char * */
	KEY_ENV,	/* const char *: name of an environment variable */
	KEY_WORD,	/* const char *: one of 'words' */
	KEY_ENUM,	/* an enum: index into 'words' */
	KEY_INT,	/* int64_t within lo and hi; -1 where there is no default */
	KEY_BOOL,	/* bool */
	KEY_SPAN,	/* int64_t seconds within lo and hi; -1 likewise */
	KEY_BYTES,	/* int64_t bytes within lo and hi */
	KEY_MONEY,	/* int64_t micro-dollars */
	KEY_PRICE,	/* the same, -1 when not set */
	KEY_FAST,	/* conf_gate.fast and conf_gate.late */
	/* struct strs from here */
	KEY_LINES,
	KEY_SIGNERS,	/* lines of an allowed signers file, see ssh-keygen(1): public keys */
	KEY_ENVS,
	KEY_PATHS,	/* absolute, or below "~/" */
	KEY_RELS,	/* paths in the repository */
	KEY_ARGV	/* a single string is given to sh -c */
};

/* Where a key's member lives. */
enum key_place { PLACE_CONFIG, PLACE_MODEL, PLACE_AGENT, PLACE_GATE, PLACE_RULE, PLACE_RETRY, PLACE_TYPE, PLACE_SETUP };

struct key {
	const char *name;	/* "sandbox.mode", "models.<name>.provider", "workspace.setup.run" */
	enum key_kind kind;
	enum key_place place;
	size_t offset;
	const char *init;	/* default, as it is written; "" for none */
	const char *sample;	/* for the template where the default says little, or NULL */
	const char *doc;	/* a sentence, without its full stop */
	int64_t lo, hi;
	const char *const *words;	/* NULL-terminated */
};

extern const struct key keys[];		/* ends in a row without a name */

/* A collection of structs in the config: models, agents, gates, rules, retries, types, setup. */
struct place {
	const char *prefix;	/* "models." */
	size_t offset;		/* of its vector in struct config */
	size_t size;		/* of one element, whose first member is its name */
	bool named;		/* elements by name; else a list */
};

extern const struct place places[];	/* by enum key_place; the first is empty */

/* Every place's vector looks like this. */
struct any_vec {
	char *v;
	size_t n;
	size_t cap;
};

struct any_vec *place_vec(struct config *c, enum key_place place);
/* Append an element with its defaults; borrowed, valid until the next one. */
void *place_add(struct config *c, enum key_place place, struct str name);
void *key_place_find(const struct config *c, enum key_place place, struct str name);

/* Values of the built-in types of tasks: of a list, one row for each entry. */
struct type_value {
	const char *type;	/* "documentation" */
	const char *key;	/* "types.<name>.severity" */
	const char *value;
};

extern const struct type_value type_values[];	/* by type; ends in a row without a type */
void types_add(struct config *c);	/* all of them, into an empty config */

/* The part of the name after its place's prefix (and "<name>."). */
const char *key_tail(const struct key *k);

bool key_is_list(const struct key *k);
/* May a value of this key be shown in a message? */
bool key_shown(const struct key *k);

/*
 * Set the member of 'obj' (an element of the key's place, or the config) from
 * text; a list is appended to.  false when the text is no such value; what
 * it should be is what key_wants() says.
 */
bool key_set(const struct key *k, struct config *c, void *obj, struct str text);
void key_clear(const struct key *k, void *obj);	/* a list becomes empty */
void key_default(const struct key *k, struct config *c, void *obj);

/* "an integer from 1 to 10000" */
void key_wants(const struct key *k, struct buf *out);
/* The value as text; a list's entries a line each. */
void key_text(const struct key *k, const void *obj, struct buf *out);

#endif
