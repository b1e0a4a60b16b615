/*
 * spec.h - a task as structure: contracts, test cases, constraints and the
 * rollback condition, in YAML or JSON.
 *
 *	factory: 1
 *	title: Export the report as CSV
 *	what: The report can be had as CSV, one line for each entry.
 *	input:
 *	  - {name: rows, type: list of Row, about: may be empty}
 *	output:
 *	  - {name: csv, type: text, about: UTF-8 with a header line}
 *	constraints: [The JSON form stays as it is]
 *	tests:
 *	  - {name: an empty report, given: "[]", expect: only the header line,
 *	     run: pytest tests/test_csv.py, file: tests/test_csv.py}
 *	rollback: {when: error_rate over 1 %, how: git revert}
 *
 * 'what' and at least one test are required.  The rest may be there, as may
 * the fields of a task that people own.  It becomes a spec in Markdown with
 * acceptance criteria, and stubs for tests that name a file.
 */
#ifndef MODEL_SPEC_H
#define MODEL_SPEC_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct task;

#define SPEC_TESTS_MAX 200

/* Is this text one: JSON, or YAML whose first key is 'factory'? */
bool spec_is(struct str text);

/*
 * The first fenced block of a Markdown text that is one, with its version
 * ("factory: 1"); 'line' is the number of its first line in the text, from 1.
 */
bool spec_find(struct str markdown, struct str *block, unsigned *line);

/*
 * Into a task fresh from task_init(): its fields and its body.  A title that
 * it does not name stays as it is; its type goes to the task's field, or with
 * 'form' into the text, as the answer of an issue form.  'line' is that of the
 * text's beginning in its file.  ERR_SYNTAX with file:line:column.
 */
struct err *spec_task(const char *file, struct str text, unsigned line, bool form,
    struct task *out) MUST_USE;

#endif
