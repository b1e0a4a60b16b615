// Holds answers against the types that a published client has for them, by
// the TypeScript compiler: a field that is missing, of another type or that
// nobody knows is an error.
import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'

export async function act (control, verb, form = {}) {
	const got = await fetch(`${control}/${verb}`, { method: 'POST', body: new URLSearchParams(form) })
	if (!got.ok) throw new Error(`${verb}: ${await got.text()}`)
	return got.json()
}

export function typed (folder, module) {
	const found = []
	return {
		// 'but': fields that the client's types have otherwise than the forge.
		add (type, value, but = '') {
			const kept = { ...value }
			const gone = but.split(' ').filter(Boolean)
			gone.forEach((key) => delete kept[key])
			const name = gone.length ? `Omit<client.${type}, ${gone.map((k) => JSON.stringify(k)).join(' | ')}>` : `client.${type}`
			found.push(`export const v${found.length}: ${name} = ${JSON.stringify(kept, null, 1)}\n`)
		},
		check () {
			const ts = createRequire(path.join(process.env.NODE_PATH, 'x.js'))('typescript')
			const file = path.join(folder, 'answers.ts')
			fs.mkdirSync(folder, { recursive: true })
			fs.writeFileSync(file, `import type * as client from '${module}'\n` + found.join(''))
			const dts = path.join(process.env.NODE_PATH, module, 'dist/index.d.ts')
			const program = ts.createProgram([file], {
				strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.ESNext, types: [],
				moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022, paths: { [module]: [dts] }
			})
			const wrong = ts.getPreEmitDiagnostics(program).filter((d) => d.file?.fileName === file)
			for (const d of wrong) {
				const { line } = d.file.getLineAndCharacterOfPosition(d.start)
				console.log(`${ts.flattenDiagnosticMessageText(d.messageText, ' ')} at: ${d.file.text.split('\n')[line]}`)
			}
			console.log(`${found.length} answers, ${wrong.length} wrong`)
			if (wrong.length || found.length < 5) process.exit(1)
		}
	}
}
