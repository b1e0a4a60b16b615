// Holds what was said to Linear (the fake's linear.jsonl), and what it answered,
// against what is recorded of Linear's own schema.
//
//	node linear.mjs TRAFFIC	prints each breach, then 'N answers, N wrong';
//				exits 1 when there is one
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const { buildSchema, executeSync, parse, validate } = createRequire(path.join(process.env.NODE_PATH, 'x.js'))('graphql')
const schema = buildSchema(fs.readFileSync(new URL('linear.graphql', import.meta.url), 'utf8'))
const all = fs.readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l))
const wrong = []
const refused = new Set(['AUTHENTICATION_ERROR', 'RATELIMITED'])

for (const e of all) {
	const { query, variables } = JSON.parse(e.body)
	const document = parse(query)
	wrong.push(...validate(schema, document).map((x) => 'request: ' + x.message))
	if (refused.has(e.answer.errors?.[0].extensions.code)) continue
	// What was answered, through the schema's own types: variables are held against them, too.
	const out = executeSync({
		schema, document, variableValues: variables, rootValue: e.answer.data ?? {},
		fieldResolver: (thing, args, context, info) => thing[info.path.key]
	})
	if (!e.answer.errors) wrong.push(...(out.errors || []).map((x) => `answer: ${x.message} at ${x.path}`))
}
for (const w of wrong) console.log(w)
console.log(`${all.length} answers, ${wrong.length} wrong`)
process.exit(wrong.length ? 1 : 0)
