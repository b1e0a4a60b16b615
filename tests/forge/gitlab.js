// A runner of GitLab CI for tests: includes with inputs, extends, rules and
// needs as far as our file uses them; jobs by their shell text, child pipelines
// from an artifact, variables for environments, dotenv reports, and the two
// requests of the API that jobs make about jobs.
//
//	node gitlab.js FOLDER SOURCE DIR [NAME=VALUE]...
//
// FOLDER holds .gitlab-ci.yml, SOURCE is what started the pipeline, NAMEs are
// its variables. Environment: FORGE, PROJECT; JOB_TOKEN; VARIABLES, those of
// the project as JSON: [{name, value, environment}]; API_TOKEN, which the API
// takes; HOOK, a script that is run after each job with JOB, DIR (its
// CI_PROJECT_DIR) and FORGED: what it puts there, and a file 'dotenv' there, is
// what the job is taken to have uploaded.
// Prints a line per job: NAME success|failure|skipped.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { spawn } = require('child_process');
const yaml = require('js-yaml');

const [folder, source, dir, ...given] = process.argv.slice(2);
const env0 = process.env;
const KEYWORDS = ['include', 'stages', 'variables', 'default', 'workflow', 'image', 'cache', 'spec'];
const jobsById = {};
let lastJob = 100, lastPipeline = 10, failed = false, api = '';

const isMap = (v) => v && typeof v === 'object' && !Array.isArray(v);
function merge(a, b) {
	const out = { ...a };
	for (const [k, v] of Object.entries(b)) out[k] = isMap(v) && isMap(out[k]) ? merge(out[k], v) : v;
	return out;
}

// ---- the file

function load(text, inputs) {
	const parts = text.split(/^---$/m);
	const values = {};
	if (parts.length > 1) {
		const spec = yaml.load(parts[0]).spec.inputs;
		for (const [k, v] of Object.entries(spec)) {
			values[k] = String(inputs[k] === undefined ? v.default : inputs[k]);
			if (v.regex && !new RegExp(v.regex).test(values[k])) throw new Error(`input ${k} is not like ${v.regex}`);
		}
	}
	const body = parts[parts.length - 1].replace(/\$\[\[\s*inputs\.(\w+)\s*\]\]/g, (_, k) => values[k]);
	if (body.includes('$[[')) throw new Error('an input that is not declared');
	let all = {};
	const own = yaml.load(body) || {};
	for (const i of own.include || []) all = merge(all, load(fs.readFileSync(path.join(folder, i.local), 'utf8'), i.inputs || {}));
	delete own.include;
	return merge(all, own);
}

function extended(all, name) {
	const job = all[name];
	let out = {};
	for (const from of [].concat(job.extends || [])) {
		if (!all[from]) throw new Error(`${name} extends ${from}, which is not there`);
		out = merge(out, extended(all, from));
	}
	const { extends: _, ...own } = job;
	return merge(out, own);
}

function holds(text, vars) {
	const m = /^\$(\w+) (==|!=) "([^"]*)"$/.exec(text) || /^\$(\w+) (=~) \/(.*)\/$/.exec(text);
	if (!m) throw new Error(`not a condition that is known: ${text}`);
	const value = vars[m[1]] || '';
	return m[2] === '=~' ? new RegExp(m[3]).test(value) : (m[2] === '==') === (value === m[3]);
}
function wanted(job, vars) {
	for (const r of job.rules || [{}]) if (!r.if || holds(r.if, vars)) return r.when !== 'never';
	return false;
}

// ---- one job

function shell(text, cwd, env) {
	return new Promise((done) => {
		spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', text], { cwd, env, stdio: ['ignore', 2, 2] })
			.on('close', (code) => done(code)).on('error', () => done(127));
	});
}

function take(from, to) {
	if (fs.existsSync(from)) fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

async function runJob(name, job, line) {
	const id = lastJob += 1;
	const home = path.join(dir, String(id));
	const me = { id, name, status: 'failed', files: path.join(home, 'artifacts'), dotenv: {} };
	const work = path.join(home, 'project'), forged = path.join(home, 'forged');
	for (const d of [work, me.files, forged]) fs.mkdirSync(d, { recursive: true });
	if (job.variables.GIT_STRATEGY !== 'none') throw new Error(`${name} checks out the project`);
	if (job.script.some((s) => /\$\[\[/.test(s))) throw new Error(`${name}: an input in a script`);
	if (job.image && !/@sha256:[0-9a-f]{64}$/.test(job.image)) throw new Error(`${name}: ${job.image} is not pinned`);
	const env = {
		PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: home, LANG: 'C.UTF-8', GIT_CONFIG_NOSYSTEM: '1',
		TMPDIR: env0.TMPDIR || '/tmp', GITLAB_CI: 'true', CI: 'true', CI_PROJECT_DIR: work, CI_PROJECT_ID: '1',
		CI_PROJECT_URL: `${env0.FORGE}/${env0.PROJECT}`, CI_SERVER_URL: env0.FORGE, CI_API_V4_URL: api,
		CI_PIPELINE_ID: String(line.id), CI_PIPELINE_SOURCE: line.source, CI_JOB_ID: String(id), CI_JOB_NAME: name,
		CI_COMMIT_BRANCH: 'main', CI_JOB_TOKEN: env0.JOB_TOKEN, ...job.variables,
	};
	for (const n of [].concat(job.needs || [])) {
		const need = typeof n === 'string' ? { job: n } : n, other = line.jobs[need.job];
		if (need.artifacts === false) continue;
		take(other.files, work);
		Object.assign(env, other.dotenv);
	}
	for (const v of JSON.parse(env0.VARIABLES || '[]'))
		if (!v.environment || (job.environment && job.environment.name === v.environment)) env[v.name] = v.value;
	Object.assign(env, line.variables);
	for (const k of ['GIT_FACTORY_DATE', 'GIT_FACTORY_FORGE_CLOCK']) if (env0[k]) env[k] = env0[k];
	const text = [].concat(job.before_script || [], job.script).join('\n');
	if (await shell(text, work, env) === 0) me.status = 'success';
	const uploads = job.artifacts || {};
	for (const p of uploads.paths || []) take(path.join(work, p), path.join(me.files, p));
	const report = uploads.reports && uploads.reports.dotenv;
	if (report) take(path.join(work, report), path.join(forged, 'dotenv'));
	if (env0.HOOK) await shell(`. "${env0.HOOK}"`, work, { ...env0, JOB: name, DIR: work, FORGED: forged });
	if (fs.existsSync(path.join(forged, 'dotenv'))) {
		for (const l of fs.readFileSync(path.join(forged, 'dotenv'), 'utf8').split('\n')) {
			const m = /^(\w+)=(.*)$/.exec(l);
			if (m) me.dotenv[m[1]] = m[2];
		}
		fs.rmSync(path.join(forged, 'dotenv'));
	}
	take(forged, me.files);
	return me;
}

// ---- a pipeline

async function pipeline(text, from, variables) {
	const all = load(text, {});
	const vars = { CI_PIPELINE_SOURCE: from, CI_COMMIT_BRANCH: 'main', ...variables };
	const line = { id: lastPipeline += 1, source: from, variables, jobs: {} };
	const todo = Object.keys(all).filter((n) => !n.startsWith('.') && !KEYWORDS.includes(n))
		.map((n) => [n, extended(all, n)]).filter(([, job]) => wanted(job, vars));
	while (todo.length) {
		const [name, job] = todo.shift();
		const needs = [].concat(job.needs || []).map((n) => n.job || n);
		if (needs.some((n) => !(n in line.jobs))) {
			if (!needs.every((n) => n in line.jobs || todo.some((t) => t[0] === n))) throw new Error(`${name} needs what is not there`);
			todo.push([name, job]);
			continue;
		}
		let me = { name, status: 'skipped', files: '', dotenv: {} };
		if (needs.every((n) => line.jobs[n].status === 'success')) {
			if (job.trigger) {
				const i = job.trigger.include[0];
				const ended = await pipeline(fs.readFileSync(path.join(line.jobs[i.job].files, i.artifact), 'utf8'), 'parent_pipeline', {});
				me.status = ended ? 'success' : 'failed';
			} else {
				me = await runJob(name, job, line);
				jobsById[me.id] = { ...me, pipeline: line.id };
			}
		}
		line.jobs[name] = me;
		if (me.status === 'failed') failed = true;
		console.log(`${name} ${me.status === 'failed' ? 'failure' : me.status}`);
	}
	return Object.values(line.jobs).every((j) => j.status === 'success');
}

// ---- what jobs ask about jobs

const server = http.createServer((q, a) => {
	const end = (code, body) => { a.writeHead(code, { 'Content-Type': 'application/json' }); a.end(body); };
	if (q.headers['private-token'] !== env0.API_TOKEN || !q.headers['user-agent']) return end(401, '{"message":"401 Unauthorized"}');
	let m = /^\/api\/v4\/projects\/1\/pipelines\/(\d+)\/jobs\?scope%5B%5D=success&per_page=100$/.exec(q.url);
	if (m) {
		// What people wrote is in the answer, too.
		const list = Object.values(jobsById).filter((j) => j.pipeline === Number(m[1]) && j.status === 'success');
		return end(200, JSON.stringify(list.map((j) => ({ commit: { title: '"name":"run","id":1' }, id: j.id, name: j.name, status: j.status }))));
	}
	m = /^\/api\/v4\/projects\/1\/jobs\/(\d+)\/artifacts\/([\w.-]+)$/.exec(q.url);
	const file = m && jobsById[m[1]] ? path.join(jobsById[m[1]].files, m[2]) : '';
	if (file && fs.existsSync(file)) return end(200, fs.readFileSync(file));
	return end(404, '{"message":"404 Not found"}');
});
server.listen(0, '127.0.0.1', async () => {
	api = `http://127.0.0.1:${server.address().port}/api/v4`;
	try {
		await pipeline(fs.readFileSync(path.join(folder, '.gitlab-ci.yml'), 'utf8'), source,
			Object.fromEntries(given.map((g) => [g.slice(0, g.indexOf('=')), g.slice(g.indexOf('=') + 1)])));
	} catch (e) {
		process.stderr.write(`${e.stack}\n`);
		failed = true;
	}
	server.close();
	server.closeAllConnections();
	process.exitCode = failed ? 1 : 0;
});
