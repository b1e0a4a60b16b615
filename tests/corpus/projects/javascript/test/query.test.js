import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery, stringifyQuery } from '../src/index.js';
import { MAX_PAIRS } from '../src/query.js';

test('pairs', () => {
  assert.deepEqual({ ...parseQuery('?a=1&b=x+y%21&c') }, { a: '1', b: 'x y!', c: '' });
});

test('a name that repeats is a list', () => {
  assert.deepEqual(parseQuery('a=1&a=2&a=3').a, ['1', '2', '3']);
});

test('empty pairs are skipped', () => {
  assert.deepEqual({ ...parseQuery('&&a=1&') }, { a: '1' });
});

test('an equals sign in the value', () => {
  assert.equal(parseQuery('a=b=c').a, 'b=c');
});

test('what does not decode stays as it is', () => {
  assert.equal(parseQuery('a=%zz').a, '%zz');
});

test('no prototype to pollute', () => {
  const out = parseQuery('__proto__=x&constructor=y');
  assert.equal(out.__proto__, 'x');
  assert.equal({}.x, undefined);
});

test('too many', () => {
  assert.equal(Object.keys(parseQuery('a&'.repeat(MAX_PAIRS))).length, 1);
  assert.throws(() => parseQuery('a&'.repeat(MAX_PAIRS + 1)), RangeError);
});

test('there and back', () => {
  let seed = 42;
  const next = (n) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % n;
  };
  const text = () => Array.from({ length: 1 + next(8) }, () => 'ab=&+% ü\'"'[next(10)]).join('');
  for (let i = 0; i < 300; i += 1) {
    const params = { k: text(), [`l${text()}`]: [text(), text()] };
    assert.deepEqual({ ...parseQuery(stringifyQuery(params)) }, params);
  }
});
