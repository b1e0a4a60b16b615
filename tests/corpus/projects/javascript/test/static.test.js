import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { send } from '../src/index.js';

let dir;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'static-'));
  await mkdir(join(dir, 'www', 'sub'), { recursive: true });
  await mkdir(join(dir, 'www-private'));
  await writeFile(join(dir, 'www', 'a.HTML'), '<p>a');
  await writeFile(join(dir, 'www', 'data.bin'), 'x');
  await writeFile(join(dir, 'www-private', 'key'), 'k');
  await symlink(join(dir, 'www-private'), join(dir, 'www', 'link'));
});

after(() => rm(dir, { recursive: true }));

test('a file with its type', async () => {
  const { status, type, body } = await send(join(dir, 'www'), '/a.HTML');
  assert.deepEqual([status, type, String(body)], [200, 'text/html; charset=utf-8', '<p>a']);
  assert.equal((await send(join(dir, 'www'), 'data.bin')).type, 'application/octet-stream');
});

test('what is not there', async () => {
  assert.equal((await send(join(dir, 'www'), '/b')).status, 404);
  assert.equal((await send(join(dir, 'www'), '/sub')).status, 404);
  assert.equal((await send(join(dir, 'www'), '/a.HTML/x')).status, 404);
});

test('nothing outside of the folder', async () => {
  assert.equal((await send(join(dir, 'www'), '/../www-private/key')).status, 403);
  assert.equal((await send(join(dir, 'www'), '/link/key')).status, 403);
});

test('other errors are handed on', async () => {
  await assert.rejects(send(join(dir, 'www'), '/a\0b'), { code: 'ERR_INVALID_ARG_VALUE' });
});
