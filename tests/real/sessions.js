// The bugs of tests/real and the model's answers to them.
//
//   node sessions.js PACKAGE seed DIRECTORY     put the bug into the sources
//   node sessions.js PACKAGE fixtures [OPTION]...   print aimock's fixtures:
//     the first attempt is wrong, the second right. Options: "wrong" repeats
//     the wrong one for ever; "rate-limit", "cut" and "garbage" spoil the
//     first answer once (429 with Retry-After, a connection that breaks in
//     mid-stream, an answer that is no event stream).
//
// Each bug is one that the package really had; "seed" undoes its repair.
'use strict';
const fs = require('fs');
const path = require('path');

const packages = {
  // A filter took what JavaScript calls true, or only the literal true, where
  // the specification counts 0 as true and [] and {} as false (JEP 9).
  jmespath: {
    file: 'jmespath.js',
    good: 'if (!isFalse(matched)) {\n                  filtered.push',
    bad: 'if (matched === true) {\n                  filtered.push',
    wrong: 'if (matched) {\n                  filtered.push',
  },
  // CASE ... END in a stored procedure ended the statement (issue580).
  sqlparse: {
    file: 'sqlparse/engine/statement_splitter.py',
    good: "        if (unified in ('IF', 'FOR', 'WHILE', 'CASE')\n",
    bad: "        if (unified in ('IF', 'FOR', 'WHILE')\n",
    wrong: "        if unified == 'END CASE':\n            return -1\n\n        if (unified in ('IF', 'FOR', 'WHILE')\n",
  },
};

function replace(file, from, to) {
  const text = fs.readFileSync(file, 'utf8');
  if (text.split(from).length !== 2)
    throw new Error(`${file}: not there exactly once: ${from}`);
  fs.writeFileSync(file, text.replace(from, () => to));
}

function call(turn, name, input, more) {
  return {
    match: { turnIndex: turn, ...(more || {}) },
    response: {
      content: `Step ${turn + 1}.`,
      toolCalls: [{ id: `call_${turn}`, name, arguments: input }],
      usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
    },
  };
}

function fixtures(p, options) {
  const edit = (from, to) => ({ path: p.file, old: from, new: to });
  const always_wrong = options.includes('wrong');
  const list = [
    call(0, 'edit', edit(p.bad, p.wrong)),
    call(1, 'finish', { summary: 'I mended the condition.' }),
    always_wrong
      ? call(2, 'edit', edit(p.wrong, p.wrong + '\n'))
      : call(2, 'edit', edit(p.wrong, p.good)),
    call(3, 'finish', { summary: 'Now it follows the specification.' }),
  ];
  for (let turn = 4; turn < 40; turn++)
    list.push(call(turn, 'finish', { summary: 'It is done.' }));
  const faults = {
    'rate-limit': {
      response: { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 1 },
    },
    cut: { ...call(0, 'edit', edit(p.bad, p.wrong)), truncateAfterChunks: 4 },
    garbage: { ...call(0, 'edit', edit(p.bad, p.wrong)), chaos: { malformedRate: 1 } },
  };
  for (const option of options.filter((o) => faults[o])) {
    const fault = { ...faults[option], match: { turnIndex: 0, sequenceIndex: 0 } };
    list.unshift(fault);
  }
  return { fixtures: list };
}

const [name, verb, ...rest] = process.argv.slice(2);
const p = packages[name];
if (verb === 'seed')
  replace(path.join(rest[0], p.file), p.good, p.bad);
else if (verb === 'fixtures')
  process.stdout.write(JSON.stringify(fixtures(p, rest), null, 2) + '\n');
else if (verb === 'good')
  replace(path.join(rest[0], p.file), p.bad, p.good);
else
  throw new Error('usage: sessions.js PACKAGE seed|good DIRECTORY | fixtures [OPTION]...');
