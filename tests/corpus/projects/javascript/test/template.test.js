import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { escape, render } from '../src/index.js';

test('escape', () => {
  assert.equal(escape(`<a href="x">'&'</a>`), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;');
  assert.equal(escape(null), '');
  assert.equal(escape(0), '0');
});

test('names are escaped, three braces are not', () => {
  assert.equal(render('{{a}} {{{a}}}', { a: '<b>' }), '&lt;b&gt; <b>');
});

test('what is not there is empty', () => {
  assert.equal(render('[{{nothing}}{{{nothing}}}{{toString}}]', {}), '[]');
});

test('sections repeat and nest', () => {
  const data = { rows: [{ n: 1, cells: [{ c: 'a' }, { c: 'b' }] }, { n: 2, cells: [] }] };
  assert.equal(render('{{#rows}}{{n}}:{{#cells}}{{c}}{{/cells}};{{/rows}}', data), '1:ab;2:;');
});

test('a section of something true shows once', () => {
  assert.equal(render('{{#user}}hi {{name}}{{/user}}', { user: { name: 'Ada' } }), 'hi Ada');
  assert.equal(render('{{#user}}hi{{/user}}', { user: false }), '');
});

test('outer names are seen within', () => {
  assert.equal(render('{{#a}}{{x}}{{/a}}', { x: 1, a: [{}, { x: 2 }] }), '12');
});

test('braces that are no tags stay', () => {
  assert.equal(render('{a} {{ b }} {{', {}), '{a} {{ b }} {{');
});

test('wrong nesting', () => {
  assert.throws(() => render('{{#a}}', {}), /'\{\{#a\}\}' is not closed/);
  assert.throws(() => render('{{/a}}', {}), /closes nothing/);
  assert.throws(() => render('{{#a}}{{/b}}', {}), /closes nothing/);
});

test('a whole page', async () => {
  const golden = new URL('./golden/page.html', import.meta.url);
  const source = await readFile(new URL('./golden/page.template', import.meta.url), 'utf8');
  const page = render(source, { title: 'Q & A', items: [{ q: 'a < b?', a: '<i>yes</i>' }] });
  assert.equal(page, await readFile(golden, 'utf8'));
});
