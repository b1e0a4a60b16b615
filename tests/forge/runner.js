// A runner of GitHub Actions workflows for tests: jobs in the order of their
// needs, a matrix each, steps by their shell text, contexts and expressions as
// far as our workflows use them.
//
//	node runner.js WORKFLOW EVENT PAYLOAD DIR
//
// Environment: FORGE, PROJECT; WRITE_TOKEN and READ_TOKEN, one of which is the
// job's github.token by its permissions; NO_PERMISSIONS, set for a forge that
// does not look at these and gives each job the first; SECRET_NAME=value for
// each secret; FACTORY_BIN, the folder of git-factory; ACTION, a folder whose
// action.yml is run for .../git-factory/ci (without it, git-factory is there);
// HOOK, a script that is run with JOB and STEP before each step (an attacker's,
// or an observer's).
// Prints a line per job: NAME INDEX success|failure|skipped.
'use strict';
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const yaml = require('js-yaml');

const [file, eventName, payloadFile, dir] = process.argv.slice(2);
const flow = yaml.load(fs.readFileSync(file, 'utf8'));
const payload = JSON.parse(fs.readFileSync(payloadFile, 'utf8'));
const env0 = process.env;
const secrets = {};
for (const k of Object.keys(env0)) if (k.startsWith('SECRET_')) secrets[k.slice(7)] = env0[k];
const artifacts = path.join(dir, 'artifacts');
fs.mkdirSync(artifacts, { recursive: true });
// These run the file of a pull request's head or merge, or with what such a run left.
for (const on of Object.keys([].concat(flow.on).every((v) => typeof v === 'string') ? { [flow.on]: 1 } : flow.on))
	if (/^pull_request|^workflow_run$/.test(on)) throw new Error(`the workflow is started by ${on}`);

// One expression, as a function of the contexts.
function compile(text) {
	let js = '', rest = text.trim();
	const token = /^(\s+|'(?:[^']|'')*'|\d+(?:\.\d+)?|==|!=|&&|\|\||!|[()\[\],]|[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*)/;
	while (rest) {
		const m = token.exec(rest);
		if (!m) throw new Error(`not an expression: ${text}`);
		let t = m[0];
		rest = rest.slice(t.length);
		if (t[0] === "'") t = JSON.stringify(t.slice(1, -1).replace(/''/g, "'"));
		else if (/^[A-Za-z_]/.test(t) && !['true', 'false', 'null'].includes(t))
			t = /^\s*\(/.test(rest) ? `fn.${t}` : `get(${JSON.stringify(t.split('.'))})`;
		js += t;
	}
	js = js.replace(/get\((\[[^\]]*\])\)\[/g, 'at(get($1))[');
	return new Function('get', 'at', 'fn', `return (${js});`);
}
function evaluate(text, ctx, status) {
	const get = (p) => p.reduce((o, k) => (o === undefined || o === null ? '' : o[k] === undefined ? '' : o[k]), ctx);
	const fn = {
		fromJSON: JSON.parse, format: (f, ...a) => f.replace(/\{(\d)\}/g, (_, n) => a[n]),
		startsWith: (a, b) => String(a).toLowerCase().startsWith(String(b).toLowerCase()),
		contains: (a, b) => a.includes(b), cancelled: () => false, always: () => true,
		success: () => status !== 'failure', failure: () => status === 'failure',
	};
	return compile(text)(get, (o) => o || {}, fn);
}
function expand(value, ctx, status) {
	if (Array.isArray(value)) return value.map((v) => expand(v, ctx, status));
	if (value && typeof value === 'object')
		return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, expand(v, ctx, status)]));
	if (typeof value !== 'string') return value;
	const whole = /^\$\{\{(.*)\}\}$/s.exec(value.trim());
	if (whole && !whole[1].includes('${{')) return evaluate(whole[1], ctx, status);
	return value.replace(/\$\{\{(.*?)\}\}/gs, (_, e) => {
		const v = evaluate(e, ctx, status);
		return v === undefined || v === null ? '' : String(v);
	});
}
function condition(text, ctx, status) {
	if (text === undefined) return status !== 'failure';
	const e = /^\$\{\{(.*)\}\}$/s.exec(String(text).trim());
	const own = e ? e[1] : String(text);
	return (/\b(always|cancelled|failure)\(/.test(own) || status !== 'failure') && Boolean(evaluate(own, ctx, status));
}

// The steps of an action.yml, with the job's environment.
function useAction(folder, w, place, env) {
	const action = yaml.load(fs.readFileSync(path.join(folder, 'action.yml'), 'utf8'));
	const inputs = Object.fromEntries(Object.entries(action.inputs || {}).map(([k, v]) => [k, k in w ? String(w[k]) : v.default]));
	const ctx = { inputs, github: { server_url: env0.SERVER, action_repository: 'acme/git-factory' } };
	for (const step of action.runs.steps) {
		if (!condition(step.if, ctx, 'success')) continue;
		if (step.run.includes('${{')) return 'an expression in a script of the action';
		const file = path.join(place.temp, 'path');
		const r = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
			cwd: place.work, env: { ...env, ...expand(step.env || {}, ctx), GITHUB_ACTION_PATH: folder, GITHUB_PATH: file }, stdio: ['ignore', 2, 2],
		});
		if (r.status !== 0) return `${step.name}: status ${r.status}`;
		if (fs.existsSync(file)) place.path = `${fs.readFileSync(file, 'utf8').trim().split('\n').join(':')}:`;
	}
	return null;
}

function useStep(step, w, place, env) {
	const name = step.uses.replace(/^https:\/\/github\.com\//, '').replace(/@.*/, '');
	if (!/@[0-9a-f]{40}$/.test(step.uses)) return `not pinned: ${step.uses}`;
	if (name === 'actions/checkout') {
		if (w['persist-credentials'] !== false) return 'checkout keeps its credentials';
		const url = `${env0.FORGE}/${env0.PROJECT}.git`;
		const r = spawnSync('git', ['clone', '-q', ...(w['fetch-depth'] === 0 ? [] : ['--depth=1']), url, place.work], { stdio: 'inherit' });
		return r.status === 0 ? null : 'checkout failed';
	}
	if (name === 'actions/upload-artifact') {
		if (!fs.existsSync(w.path)) return null;
		const to = path.join(artifacts, w.name);
		fs.mkdirSync(to, { recursive: true });
		fs.copyFileSync(w.path, path.join(to, path.basename(w.path)));
		return null;
	}
	if (name === 'actions/download-artifact') {
		const from = path.join(artifacts, w.name);
		if (!fs.existsSync(from)) return `no artifact ${w.name}`;
		fs.cpSync(from, w.path, { recursive: true });
		return null;
	}
	if (name.endsWith('/git-factory/ci')) return env0.ACTION ? useAction(env0.ACTION, w, place, env) : null;
	return `unknown action ${name}`;
}

function outputs(text) {
	const out = {};
	for (const line of text.split('\n')) {
		const at = line.indexOf('=');
		if (at > 0) out[line.slice(0, at)] = line.slice(at + 1);
	}
	return out;
}

function runJob(name, job, matrix, index, needs, all) {
	const place = { home: path.join(dir, `${name}-${index}`), path: '' };
	place.work = path.join(place.home, 'work');
	place.temp = path.join(place.home, 'temp');
	for (const d of env0.ACTION ? [place.temp, place.work] : [place.temp]) fs.mkdirSync(d, { recursive: true });
	const may = job.permissions || {};
	const token = may.contents === 'write' || env0.NO_PERMISSIONS ? env0.WRITE_TOKEN : env0.READ_TOKEN;
	const ctx = {
		github: { event_name: eventName, event: payload, token, repository: env0.PROJECT },
		inputs: payload.inputs || {}, needs, secrets, matrix: matrix || {}, strategy: { 'job-index': index },
		runner: { temp: place.temp }, steps: {},
	};
	ctx.env = expand(job.env || {}, ctx);
	let status = 'success';
	job.steps.forEach((step, i) => {
		if (!condition(step.if, ctx, status)) return;
		const env = {
			PATH: `${place.path}${env0.ACTION ? '' : env0.FACTORY_BIN + ':'}/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: place.home, LANG: 'C.UTF-8',
			GITHUB_EVENT_NAME: eventName, GITHUB_EVENT_PATH: payloadFile, GITHUB_REPOSITORY: env0.PROJECT,
			GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: env0.FORGE, CI: 'true', RUNNER_TEMP: place.temp, GIT_CONFIG_NOSYSTEM: '1',
			GITHUB_OUTPUT: path.join(place.temp, `output-${i}`), GITHUB_STEP_SUMMARY: path.join(place.temp, 'summary'),
		};

		for (const k of ['GIT_FACTORY_DATE', 'GIT_FACTORY_FORGE_CLOCK']) if (env0[k]) env[k] = env0[k];
		Object.assign(env, expand(flow.env || {}, ctx), expand(job.env || {}, ctx), expand(step.env || {}, ctx));
		for (const k of Object.keys(env)) env[k] = String(env[k]);
		if (env0.HOOK) spawnSync('sh', [env0.HOOK], { env: { ...env0, JOB: name, STEP: step.id || step.name || step.uses, TEMP: place.temp, WORK: place.work }, stdio: 'inherit' });
		let bad = null;
		if (step.uses) {
			bad = useStep(step, expand(step.with || {}, ctx), place, env);
		} else {
			if (step.run.includes('${{')) bad = 'an expression in a script';
			fs.writeFileSync(env.GITHUB_OUTPUT, '');
			const r = bad ? null : spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
				cwd: place.work, env, stdio: ['ignore', 2, 2],
			});
			if (r && r.status !== 0) bad = `status ${r.status}`;
			if (step.id) ctx.steps[step.id] = { outputs: outputs(fs.readFileSync(env.GITHUB_OUTPUT, 'utf8')) };
		}
		if (bad) {
			process.stderr.write(`${name} ${index}: ${step.name || step.uses}: ${bad}\n`);
			status = 'failure';
		}
	});
	for (const [k, v] of Object.entries(job.outputs || {})) {
		const value = expand(v, ctx);
		if (value) all[k] = String(value);
	}
	console.log(`${name} ${index} ${status}`);
	return status;
}

const results = {};
const pending = Object.entries(flow.jobs);
while (pending.length) {
	const [name, job] = pending.shift();
	const wants = [].concat(job.needs || []);
	if (wants.some((n) => !(n in results))) {
		pending.push([name, job]);
		continue;
	}
	const needs = Object.fromEntries(wants.map((n) => [n, results[n]]));
	const ctx = { github: { event_name: eventName, event: payload }, inputs: payload.inputs || {}, needs };
	const status = wants.some((n) => results[n].result !== 'success') ? 'failure' : 'success';
	if (!condition(job.if, ctx, status)) {
		results[name] = { result: 'skipped', outputs: {} };
		console.log(`${name} - skipped`);
		continue;
	}
	let matrix = [null];
	if (job.strategy) {
		const given = expand(job.strategy.matrix, ctx), name1 = Object.keys(given)[0];
		matrix = given.include || given[name1].map((v) => ({ [name1]: v }));
	}
	const out = {};
	const all = matrix.map((m, i) => runJob(name, job, m, i, needs, out));
	results[name] = { result: all.every((s) => s === 'success') ? 'success' : 'failure', outputs: out };
}
process.exit(Object.values(results).some((r) => r.result === 'failure') ? 1 : 0);
