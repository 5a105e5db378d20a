// Third-party code of the page, bundled once with `npm ci --ignore-scripts && npm run vendor`.
export { html, nothing, render, svg } from "lit-html";
export { classMap } from "lit-html/directives/class-map.js";
export { keyed } from "lit-html/directives/keyed.js";
export { live } from "lit-html/directives/live.js";
export { ref } from "lit-html/directives/ref.js";
export { repeat } from "lit-html/directives/repeat.js";
export { parse as parseMarkdown } from "discord-markdown-parser";
export { default as Combobox } from "@github/combobox-nav";
