// Figures for the gate 'speed': node bench/bench.mjs router|template
import { Router, render } from '../src/index.js';

const runs = {
  router() {
    const router = new Router();
    for (let i = 0; i < 300; i += 1) {
      router.add('GET', `/api/v${i % 3}/thing${i}/:id/parts/:part`, i);
    }
    for (let i = 0; i < 120000; i += 1) {
      router.match('GET', `/api/v${i % 3}/thing${i % 300}/${i}/parts/x${i % 7}`);
    }
  },
  template() {
    const source = '<h1>{{title}}</h1>{{#rows}}<p class="{{kind}}">{{text}} &middot; {{{html}}}</p>{{/rows}}';
    const rows = Array.from({ length: 200 }, (_, i) => ({ kind: `k${i % 5}`, text: `a < ${i}`, html: '<b>' }));
    for (let i = 0; i < 400; i += 1) {
      render(source, { title: `Page ${i}`, rows });
    }
  },
};

runs[process.argv[2]]();
