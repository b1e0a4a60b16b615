import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Router } from '../src/index.js';

const handler = () => 'here';

function router(...patterns) {
  const r = new Router();
  for (const pattern of patterns) {
    r.add('GET', pattern, pattern);
  }
  return r;
}

describe('match', () => {
  test('a literal path', () => {
    const r = new Router().add('GET', '/a/b', handler);
    assert.equal(r.match('GET', '/a/b').handler, handler);
    assert.equal(r.match('GET', '/a'), null);
    assert.equal(r.match('GET', '/a/b/c'), null);
  });

  test('doubled and trailing slashes do not count', () => {
    assert.equal(router('/a/b').match('GET', '//a/b/').handler, '/a/b');
  });

  test('parameters by name', () => {
    const { params } = router('/users/:id/posts/:post').match('GET', '/users/7/posts/x%20y');
    assert.deepEqual({ ...params }, { id: '7', post: 'x y' });
  });

  test('params have no prototype', () => {
    assert.equal(Object.getPrototypeOf(router('/:x').match('GET', '/1').params), null);
  });

  test('a literal wins over a parameter, that over the rest', () => {
    const r = router('/a/:x', '/a/b', '/*all');
    assert.equal(r.match('GET', '/a/b').handler, '/a/b');
    assert.equal(r.match('GET', '/a/c').handler, '/a/:x');
    assert.equal(r.match('GET', '/a/c/d').handler, '/*all');
    assert.equal(r.match('GET', '/a/c/d').params.all, 'a/c/d');
  });

  test('goes back where a literal leads nowhere', () => {
    assert.equal(router('/a/b/c', '/:x/b/d').match('GET', '/a/b/d').params.x, 'a');
  });

  test('another method is told', () => {
    const r = router('/a').add('POST', '/a', handler);
    assert.deepEqual(r.match('PUT', '/a'), { allow: ['GET', 'POST'] });
  });

  test('HEAD is answered by GET', () => {
    assert.equal(router('/a').match('HEAD', '/a').handler, '/a');
  });

  test('a path that does not decode matches nothing', () => {
    assert.equal(router('/*all').match('GET', '/%zz'), null);
  });
});

describe('add refuses', () => {
  for (const [what, method, pattern, message] of [
    ['an unknown method', 'BREW', '/a', /unknown method 'BREW'/],
    ['a relative path', 'GET', 'a', /does not begin/],
    ['a name twice', 'GET', '/:a/:a', /occurs twice/],
    ['a rest in the middle', 'GET', '/*a/b', /is not the last/],
  ]) {
    test(what, () => {
      assert.throws(() => new Router().add(method, pattern, handler), message);
    });
  }

  test('the same route twice', () => {
    assert.throws(() => router('/a/:x').add('GET', '/a/:y', handler), /is there already/);
  });
});
