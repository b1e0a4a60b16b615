// Files below a folder, never above it.

import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

export function contentType(path) {
  return TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
}

/** { status, type, body } of a decoded path below root. */
export async function send(root, path) {
  let file;
  try {
    const top = await realpath(root);
    file = await realpath(join(top, path));
    if (!file.startsWith(top + sep)) {
      return { status: 403, type: 'text/plain', body: 'forbidden' };
    }
    return { status: 200, type: contentType(file), body: await readFile(file) };
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') {
      return { status: 404, type: 'text/plain', body: 'not found' };
    }
    throw error;
  }
}
