import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sign, unsign } from '../src/index.js';

const secret = 'only-for-the-tests';
const old = 'the-one-before-that';

test('what is signed is accepted', () => {
  assert.equal(unsign(sign('user.7', secret), [secret]), 'user.7');
});

test('an old secret still counts', () => {
  assert.equal(unsign(sign('user', old), [secret, old]), 'user');
  assert.equal(unsign(sign('user', old), [secret]), null);
});

test('a changed value or signature is not', () => {
  const text = sign('user=7', secret);
  assert.equal(unsign(text.replace('7', '8'), [secret]), null);
  assert.equal(unsign(text.slice(0, -2), [secret]), null);
  assert.equal(unsign('user=7.', [secret]), null);
  assert.equal(unsign('user=7', [secret]), null);
});

test('a short secret is refused', () => {
  assert.throws(() => sign('x', 'short'), /at least 16/);
});
