// Holds what was said between a client and GitHub (the fake's traffic.jsonl)
// against GitHub's own descriptions: REST by prism, which stands between as a
// proxy and sees each request and each answer again; GraphQL by its schema.
//
//	node described.mjs FOLDER TRAFFIC...	FOLDER keeps the part of the
//		description that is spoken of; prints each breach, then
//		'N answers, N wrong'; exits 1 when there is one
//
// All of it is held: of exchanges that differ only in numbers, ids, times and
// the like, which no description tells apart, one stands for the rest. Of an
// answer that a fault made, or that refuses a token, the request is held alone.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'

const peers = process.env.NODE_PATH
const need = createRequire(path.join(peers, 'x.js'))
const [folder, ...files] = process.argv.slice(2)
const all = files.flatMap((f) => fs.readFileSync(f, 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l)))

// What a fault made is no answer of a forge's.
const answered = (e) => !e.forced && e.status !== 401 && e.status !== 304
const rest = all.filter((e) => e.api && e.api !== '/graphql')
const graph = all.filter((e) => e.api === '/graphql')

const spec = JSON.parse(fs.readFileSync(path.join(peers, '@octokit/openapi/generated/api.github.com.json'), 'utf8'))

// The conclusions of a check that only GitHub itself draws are in its GraphQL schema alone.
for (const word of ['stale', 'startup_failure']) spec.components.schemas['check-run'].properties.conclusion.enum.push(word)

// Of a thousand operations only those that were used: prism reads them in a
// second and not in eleven. Names are matched as GitHub does, '/' in a ref too.
const escape = (text) => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
const literal = (template) => template.replace(/\{[^}]+\}/g, '').length
const templates = Object.keys(spec.paths).sort((a, b) => literal(b) - literal(a)).map((template) => ({
	template,
	pattern: new RegExp('^' + escape(template).replace(/\{(ref|path|branch)\}/g, '(.+)').replace(/\{[^}]+\}/g, '([^/]+)') + '$')
}))
const wrong = []
const kept = {}
for (const e of rest) {
	const method = e.method.toLowerCase()
	const found = templates.find((t) => t.pattern.test(e.api) && spec.paths[t.template][method])
	if (!found) {
		wrong.push(`${e.method} ${e.api}: not in GitHub's description`)
		continue
	}
	// A ref's '/' is one part of a path to prism.
	const parts = found.pattern.exec(e.api).slice(1)
	e.target = found.template.replace(/\{[^}]+\}/g, () => encodeURIComponent(decodeURIComponent(parts.shift())))
	e.template = found.template
	kept[e.template] ||= { parameters: spec.paths[e.template].parameters }
	kept[e.template][method] = spec.paths[e.template][method]
}
// What makes exchanges differ, and what does not.
const alike = (text) => text.replace(/[0-9a-f]{40}/g, 'S').replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'T')
	.replace(/\d+/g, '0').replace(/\b[a-z2-7]{8}\b/g, 'I')
const seen = new Set()
const once = (e) => {
	const key = alike([e.method, e.target ?? e.api, e.query, e.body, answered(e) && e.status,
		answered(e) && JSON.stringify(e.answer)].join('\n'))
	return !seen.has(key) && seen.add(key)
}
const chosen = rest.filter((e) => e.template && once(e))

// The components that these operations name, and those that they name in turn.
function reached () {
	const out = {}
	const visit = (value) => {
		if (Array.isArray(value)) value.forEach(visit)
		else if (value && typeof value === 'object') {
			if (typeof value.$ref === 'string') {
				const [, , sort, name] = value.$ref.split('/')
				out[sort] ||= {}
				if (!out[sort][name]) visit(out[sort][name] = spec.components[sort][name])
			}
			Object.entries(value).forEach(([key, v]) => { if (key !== 'examples' && key !== 'example') visit(v) })
		}
	}
	Object.values(kept).forEach((path) => Object.values(path).forEach((operation) => {
		Object.values(operation?.responses || {}).concat(operation?.requestBody || []).forEach((r) => {
			Object.values(r.content || {}).forEach((c) => { delete c.examples; delete c.example })
		})
	}))
	visit(kept)
	Object.values(out.responses || {}).forEach((r) => Object.values(r.content || {}).forEach((c) => { delete c.examples }))
	return out
}

// 'nullable' beside anyOf, without a type, is nothing that prism can compile,
// and what it cannot compile it passes over in silence.
function mendNullable (value) {
	if (!value || typeof value !== 'object') return
	Object.values(value).forEach(mendNullable)
	if (value.nullable === true && !value.type && (value.anyOf || value.oneOf || value.allOf)) {
		const { nullable, ...rest } = value
		Object.keys(value).forEach((key) => delete value[key])
		value.anyOf = [rest, { type: 'string', nullable: true, enum: ['null'] }]
	}
}

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const replay = http.createServer((req, res) => {
	req.resume()
	const e = chosen[Number(req.headers['x-replay'])]
	const headers = { 'content-type': 'application/json; charset=utf-8' }
	if (e.answer_headers.Link) headers.link = e.answer_headers.Link
	res.writeHead(e.status, headers)
	res.end(e.status === 204 ? undefined : JSON.stringify(req.headers['x-wrong'] ? 'wrong' : e.answer))
})
const upstream = await listen(replay)
const free = http.createServer()
const port = await listen(free)
free.close()

spec.paths = kept
delete spec['x-webhooks']
spec.components = reached()
mendNullable(spec)
spec.servers = [{ url: `http://127.0.0.1:${port}` }]
const part = path.join(folder, `description.${process.pid}.json`)
fs.mkdirSync(folder, { recursive: true })
fs.writeFileSync(part, JSON.stringify(spec))

const prism = spawn(process.execPath, [path.join(peers, '@stoplight/prism-cli/dist/index.js'), 'proxy', '--errors',
	'--host', '127.0.0.1', '--port', String(port), part, `http://127.0.0.1:${upstream}`], { stdio: ['ignore', 'pipe', 'inherit'] })
await new Promise((resolve, reject) => {
	let said = ''
	prism.stdout.on('data', (d) => { said += d; if (/listening/i.test(said)) resolve() })
	prism.on('exit', () => reject(new Error('prism ended: ' + said)))
})

const send = (n, e, more = {}) => {
	const headers = { 'x-replay': String(n), accept: 'application/json', authorization: 'Bearer x', 'user-agent': 'x', ...more }
	if (e.body) headers['content-type'] = 'application/json'
	return fetch(`http://127.0.0.1:${port}${e.target}${e.query ? '?' + e.query : ''}`, {
		method: e.method, headers, body: e.body || undefined, redirect: 'manual'
	})
}
const shown = new Set()
async function hold (n, e) {
	const got = await send(n, e)
	const text = await got.text()
	const violations = got.headers.get('sl-violations')
	if (got.status === e.status && !violations) return
	const told = violations || text
	// The description leaves out some of what is refused.
	if (e.status >= 400 && /Unable to match the returned status code/.test(told)) return
	if (!answered(e) && !/"location":\["request"/.test(told)) return
	wrong.push(`${e.method} ${e.api} ${e.status} ${e.body}: ${told.slice(0, 1500)}`)
}
for (const [n, e] of chosen.entries()) await hold(n, e)
// Each answer that was found right is held against a wrong one too.
for (const [n, e] of chosen.entries()) {
	const key = `${e.method} ${e.template}`
	if (!answered(e) || e.status >= 300 || e.status === 204 || shown.has(key)) continue
	shown.add(key)
	const got = await send(n, e, { 'x-wrong': '1' })
	await got.text()
	if (!got.headers.get('sl-violations')) wrong.push(`${key}: its answer is not held against anything`)
}
prism.removeAllListeners('exit')
prism.kill()
replay.close()
fs.rmSync(part)

if (graph.length) {
	const { buildSchema, parse, validate, executeSync } = need('graphql')
	const schema = buildSchema(fs.readFileSync(path.join(peers, '@octokit/graphql-schema/schema.graphql'), 'utf8'), { assumeValidSDL: true })
	for (const e of graph.filter(once)) {
		const { query, variables, operationName } = JSON.parse(e.body)
		const document = parse(query)
		wrong.push(...validate(schema, document).map((x) => 'GraphQL request: ' + x.message))
		if (!answered(e) || !e.answer?.data) continue
		// The answer through the schema's own types: what comes out is what may come.
		const out = executeSync({
			schema, document, variableValues: variables, operationName, rootValue: e.answer.data,
			fieldResolver: (thing, args, context, info) => thing[info.path.key],
			typeResolver: (thing, context, info) => {
				const names = schema.getPossibleTypes(info.schema.getType(info.returnType.ofType?.name || info.returnType.name) || info.returnType) || []
				return thing.__typename || names.find((t) => Object.keys(thing).every((k) => t.getFields()[k]))?.name || names[0]?.name
			}
		})
		wrong.push(...(out.errors || []).map((x) => 'GraphQL answer: ' + x.message + ' at ' + x.path))
	}
}

for (const w of wrong) console.log(w)
console.log(`${all.length} answers, ${seen.size} unlike, ${wrong.length} wrong`)
process.exit(wrong.length ? 1 : 0)
