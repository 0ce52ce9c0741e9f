import './.config/jest-setup';
import { configure } from '@testing-library/react';

// What appears later may do so much later on a busy machine.
configure({ asyncUtilTimeout: 20_000 });

// What browsers have and jsdom lacks.

// React's server renderer, which @grafana/ui imports, makes one as it loads; React's scheduler then uses it.
global.MessageChannel = class {
  port1 = { onmessage: null };
  port2 = { postMessage: () => setTimeout(() => this.port1.onmessage?.()) };
};

// Like a browser's, they report once when they begin to observe.
global.ResizeObserver = global.IntersectionObserver = class {
  constructor(report) {
    this.report = report;
  }
  observe() {
    queueMicrotask(() => this.report([], this));
  }
  unobserve() {}
  disconnect() {}
};

// Text is measured to give inputs their width.
HTMLCanvasElement.prototype.getContext = () => ({ measureText: (text) => ({ width: 8 * text.length }) });

// Long lists of options render what fits, and nothing fits into the height of 0 that jsdom measures.
Object.defineProperties(Element.prototype, {
  clientHeight: { get: () => 400 },
  clientWidth: { get: () => 400 },
});
