import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cache } from '../src/index.js';

test('the least recently used one goes', () => {
  const cache = new Cache({ max: 2 });
  cache.set('a', 1).set('b', 2);
  cache.get('a');
  cache.set('c', 3);
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.get('a'), 1);
  assert.equal(cache.size, 2);
});

test('a value ends with its time', () => {
  let now = 0;
  const cache = new Cache({ ttl: 10, now: () => now });
  cache.set('a', 1);
  now = 9;
  assert.equal(cache.get('a'), 1);
  now = 10;
  assert.equal(cache.get('a'), undefined);
  assert.equal(cache.size, 0);
});

test('setting again replaces', () => {
  const cache = new Cache({ max: 2 });
  cache.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  assert.equal(cache.get('a'), 3);
  assert.equal(cache.get('b'), undefined);
});

test('fetch makes what is missing, once', async () => {
  const cache = new Cache();
  let made = 0;
  const make = async (key) => {
    made += 1;
    return key.toUpperCase();
  };
  assert.equal(await cache.fetch('a', make), 'A');
  assert.equal(await cache.fetch('a', make), 'A');
  assert.equal(made, 1);
});

test('a failure is handed on and not kept', async () => {
  const cache = new Cache();
  await assert.rejects(cache.fetch('a', async () => { throw new Error('down'); }), /down/);
  assert.equal(await cache.fetch('a', async () => 1), 1);
});

test('max is a whole number above 0', () => {
  for (const max of [0, -1, 1.5, '3']) {
    assert.throws(() => new Cache({ max }), RangeError);
  }
});
