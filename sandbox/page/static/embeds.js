// Embeds of messages that are not made of components.

import { fileAddress, webLink } from "./links.js";
import { markdown } from "./markdown.js";
import { gallery } from "./media.js";
import { hexColour } from "./store.js";
import { sentAt } from "./time.js";
import { classMap, html, nothing } from "./vendor.js";

export function embed(data, key) {
  const colour = data.color ?? null;
  return html`<article class="embed" .style=${colour === null ? "" : `--accent: ${hexColour(colour)}`}>
    <div>
      ${data.author ? author(data.author) : nothing} ${data.title ? title(data) : nothing}
      ${data.description ? html`<div class="text">${markdown(data.description)}</div>` : nothing}
      ${data.fields?.length ? html`<div class="fields">${data.fields.map(field)}</div>` : nothing}
    </div>
    ${data.thumbnail ? html`<img class="embed-thumb" src=${fileAddress(data.thumbnail.url)} alt="" />` : nothing}
    ${data.image ? gallery([{ media: data.image }], key) : nothing} ${footer(data)}
  </article>`;
}

function author({ name, icon_url: picture }) {
  return html`<div class="embed-author">
    ${picture ? html`<img src=${fileAddress(picture)} alt="" />` : nothing}${name}
  </div>`;
}

function title(data) {
  const address = data.url ? webLink(data.url) : null;
  return html`<div class="embed-title">
    ${
      address
        ? html`<a href=${address} target="_blank" rel="noopener noreferrer">${markdown(data.title)}</a>`
        : markdown(data.title)
    }
  </div>`;
}

function field({ name, value, inline }) {
  return html`<div class=${classMap({ field: true, inline: Boolean(inline) })}>
    <b>${markdown(name)}</b>
    <div class="text">${markdown(value)}</div>
  </div>`;
}

function footer({ footer: foot, timestamp }) {
  if (!foot && !timestamp) return nothing;
  const words = [foot?.text, timestamp ? sentAt(timestamp) : null].filter(Boolean).join(" • ");
  return html`<footer>
    ${foot?.icon_url ? html`<img src=${fileAddress(foot.icon_url)} alt="" />` : nothing}${words}
  </footer>`;
}
