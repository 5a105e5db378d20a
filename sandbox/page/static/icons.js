// Small drawings, one stroke style. They are decoration: whatever holds one has words of its own.

import { svg, html } from "./vendor.js";

const shapes = {
  hash: svg`<path d="M9 4 7 20M17 4l-2 16M4 9h17M3 15h17" />`,
  thread: svg`<path d="M5 5v6a4 4 0 0 0 4 4h10M15 11l4 4-4 4" />`,
  lock: svg`<rect x="6" y="11" width="12" height="9" rx="2" /><path d="M9 11V8a3 3 0 0 1 6 0v3" />`,
  at: svg`<circle cx="12" cy="12" r="4" /><path d="M16 8v5a3 3 0 0 0 5 2v-3a9 9 0 1 0-4 7.5" />`,
  menu: svg`<path d="M4 7h16M4 12h16M4 17h16" />`,
  close: svg`<path d="m6 6 12 12M18 6 6 18" />`,
  send: svg`<path d="M4 12 20 4l-6 17-3-7z" />`,
  plus: svg`<path d="M12 5v14M5 12h14" />`,
  more: svg`<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3" />`,
  wrench: svg`<path d="M14 7a4.5 4.5 0 0 1 5.5-4.2L16.7 5.6v1.7h1.7l2.8-2.8A4.5 4.5 0 0 1 15 10.5L7 18.5a2 2 0 0 1-2.8-2.8L12.5 7.5" />`,
  theme: svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" />`,
  eye: svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" /><circle cx="12" cy="12" r="3" />`,
  file: svg`<path d="M6 3h8l5 5v13H6zM14 3v5h5" />`,
  out: svg`<path d="M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9" />`,
  chevron: svg`<path d="m6 9 6 6 6-6" />`,
  left: svg`<path d="m15 5-7 7 7 7" />`,
  right: svg`<path d="m9 5 7 7-7 7" />`,
  warning: svg`<path d="M12 4 2.5 20h19zM12 10v4M12 17h.01" />`,
  replay: svg`<path d="M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5" />`,
  stop: svg`<rect x="6" y="6" width="12" height="12" rx="2" />`,
  gem: svg`<path d="M7 4h10l4 5-9 11L3 9zM3 9h18M12 20 8.5 9 12 4l3.5 5z" />`,
};

export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    ${shapes[name]}
  </svg>`;
}
