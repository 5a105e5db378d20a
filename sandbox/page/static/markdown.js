// Discord's markdown as templates. The library reads everything but lists, and misses `-#` and `#` right after a
// quote: so the text is first cut into blocks here.

import { emojiAddress, webLink } from "./links.js";
import { channel, guild, nameOfId, state } from "./store.js";
import { timestamp } from "./time.js";
import { html, nothing, parseMarkdown } from "./vendor.js";

const LIST_ITEM = /^( *)(?:[-*]|(\d+)\.) (.*)$/;
const CACHE_SIZE = 500;
const cache = new Map(); // text -> blocks: messages are drawn often and change seldom

/** Discord markdown, ready to be put into a template. */
export function markdown(text) {
  return blocksOf(text).map((block) => (block.items ? list(block.items) : nodes(block.tree)));
}

function blocksOf(text) {
  let blocks = cache.get(text);
  if (!blocks) {
    blocks = readBlocks(text);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value);
    cache.set(text, blocks);
  }
  return blocks;
}

function readBlocks(text) {
  const blocks = [];
  let lines = [];
  let items = null;
  let inFence = false;
  const flush = () => {
    if (lines.length) blocks.push({ tree: parse(lines.join("\n")) });
    lines = [];
  };
  for (const line of text.split("\n")) {
    const item = inFence ? null : LIST_ITEM.exec(line);
    if (line.split("```").length % 2 === 0) inFence = !inFence;
    if (item) {
      flush();
      if (!items) blocks.push({ items: (items = []) });
      items.push({ depth: Math.min(item[1].length >> 1, 3), number: item[2], tree: parse(item[3]) });
      continue;
    }
    items = null;
    const leavesQuote = lines.at(-1)?.startsWith("> ") && !line.startsWith(">");
    if (leavesQuote) flush();
    lines.push(line);
  }
  flush();
  return blocks;
}

function parse(text) {
  return parseMarkdown(text, "extended");
}

function list(items) {
  return html`<ul class="list">
    ${items.map(
      (item) =>
        html`<li data-depth=${item.depth} data-mark=${item.number ? `${item.number}.` : "•"}>
          ${nodes(item.tree)}
        </li>`,
    )}
  </ul>`;
}

function nodes(tree) {
  return tree.map((node) => (draw[node.type] ?? plain)(node));
}

function inside(node) {
  return Array.isArray(node.content) ? nodes(node.content) : (node.content ?? nothing);
}

function plain(node) {
  return inside(node);
}

function pill(text) {
  return html`<span class="pill">${text}</span>`;
}

function link(node) {
  const address = webLink(node.target);
  if (!address) return inside(node);
  return html`<a href=${address} target="_blank" rel="noopener noreferrer">${inside(node)}</a>`;
}

function quote(node) {
  const content = node.content.at(-1)?.type === "br" ? node.content.slice(0, -1) : node.content;
  return html`<blockquote>${nodes(content)}</blockquote>`;
}

function spoiler(node) {
  return html`<span
    class="spoiler-text"
    role="button"
    tabindex="0"
    aria-label="Hidden text, press to show it"
    @click=${revealText}
    @keydown=${(event) => event.key === "Enter" && revealText(event)}
    ><span aria-hidden="true">${inside(node)}</span></span
  >`;
}

function revealText({ currentTarget }) {
  currentTarget.classList.add("shown");
  for (const name of ["role", "aria-label", "tabindex"]) currentTarget.removeAttribute(name);
  currentTarget.firstElementChild.removeAttribute("aria-hidden");
}

function mentionedChannel(node) {
  const found = channel(node.id);
  return pill(found ? `#${found.name}` : "#unknown");
}

function mentionedRole(node) {
  const role = guild()?.roles.find((one) => one.id === node.id);
  return pill(`@${role?.name ?? "unknown-role"}`);
}

const draw = {
  text: (node) => node.content,
  twemoji: (node) => node.name,
  br: () => html`<br />`,
  newline: () => html`<br />`,
  strong: (node) => html`<strong>${inside(node)}</strong>`,
  em: (node) => html`<em>${inside(node)}</em>`,
  underline: (node) => html`<u>${inside(node)}</u>`,
  strikethrough: (node) => html`<s>${inside(node)}</s>`,
  inlineCode: (node) => html`<code>${node.content}</code>`,
  codeBlock: (node) => html`<pre tabindex="0"><code>${node.content}</code></pre>`,
  blockQuote: quote,
  heading: (node) =>
    html`<div class="heading h${node.level}" role="heading" aria-level=${node.level + 2}>
      ${inside(node)}
    </div>`,
  subtext: (node) => html`<div class="subtext">${inside(node)}</div>`,
  spoiler,
  link,
  url: link,
  autolink: link,
  user: (node) => pill(`@${nameOfId(node.id)}`),
  role: mentionedRole,
  channel: mentionedChannel,
  everyone: () => pill("@everyone"),
  here: () => pill("@here"),
  slashCommand: (node) => pill(`/${node.fullName}`),
  emoji: (node) => html`<img class="emoji" alt=":${node.name}:" src=${emojiAddress(node)} />`,
  timestamp: (node) =>
    html`<time class="stamp" title=${timestamp(+node.timestamp, "F")}
      >${timestamp(+node.timestamp, node.format)}</time
    >`,
};

/** Whether any text on the page moves with the time, so that it must be drawn again each second. */
export function movesWithTime() {
  return [...(state.messages.get(state.channelId)?.values() ?? [])].some((message) =>
    JSON.stringify([message.content, message.components, message.embeds]).includes(":R>"),
  );
}
