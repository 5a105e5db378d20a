// Puts beside the page what goes with vendor.js: the one font file that it uses, and the licences of all of it.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";

const bundled = [
  "lit-html",
  "discord-markdown-parser",
  "@github/combobox-nav",
  "@fontsource-variable/noto-sans",
];

const licences = bundled.map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  const text = readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim();
  return `${"=".repeat(100)}\n${name} ${version}\n${"=".repeat(100)}\n\n${text}\n`;
});

// discord-markdown-parser carries a copy of simple-markdown without its notice.
licences.push(`${"=".repeat(100)}
simple-markdown (inside discord-markdown-parser)
${"=".repeat(100)}

Copyright (c) 2014 Khan Academy. MIT licence: the conditions are those printed above for @github/combobox-nav.
`);

writeFileSync("static/vendor.licences.txt", licences.join("\n"));
copyFileSync(
  "node_modules/@fontsource-variable/noto-sans/files/noto-sans-latin-wght-normal.woff2",
  "static/noto-sans.woff2",
);
