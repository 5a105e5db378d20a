// Message components by their type number, as Discord's component reference lists them.

import { useComponent } from "./actions.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { webLink } from "./links.js";
import { markdown } from "./markdown.js";
import { fileCard, gallery, reveal, thumbnail } from "./media.js";
import { messageSelect } from "./selects.js";
import { hexColour, state } from "./store.js";
import { classMap, html, nothing } from "./vendor.js";

const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const LINK = 5;
const PREMIUM = 6;

/** The components of a message. */
export function components(message) {
  return message.components.map((component, index) => draw(component, message, `${message.id}.${index}`));
}

function draw(component, message, key) {
  const template = templates[component.type];
  return template ? template(component, message, key) : unknown(component);
}

function inside(component, message, key) {
  return component.components.map((child, index) => draw(child, message, `${key}.${index}`));
}

const templates = {
  1: (row, message, key) => html`<div class="row">${inside(row, message, key)}</div>`,
  2: button,
  3: messageSelect,
  5: messageSelect,
  6: messageSelect,
  7: messageSelect,
  8: messageSelect,
  9: section,
  10: (text) => html`<div class="text">${markdown(text.content)}</div>`,
  11: (component, _message, key) => thumbnail(component, key),
  12: (component, _message, key) => gallery(component.items, key),
  13: file,
  14: (line) => html`<hr class=${classMap({ plain: line.divider === false, large: line.spacing === 2 })} />`,
  17: container,
};

function section(component, message, key) {
  return html`<div class="section">
    <div>${inside(component, message, key)}</div>
    ${component.accessory ? draw(component.accessory, message, `${key}.accessory`) : nothing}
  </div>`;
}

function container(component, message, key) {
  const hidden = component.spoiler && !state.revealed.has(key);
  const colour = component.accent_color ?? null;
  return html`<div
    class=${classMap({ container: true, accented: colour !== null, spoiler: hidden })}
    .style=${colour === null ? "" : `--accent: ${hexColour(colour)}`}
  >
    <div class="container-inside" ?inert=${hidden}>${inside(component, message, key)}</div>
    ${
      hidden
        ? html`<button class="cover" @click=${() => reveal(key)} aria-label="Hidden, press to show it">
            Spoiler
          </button>`
        : nothing
    }
  </div>`;
}

function file(component) {
  const address = component.file.url;
  const filename = component.name ?? decodeURIComponent(address.split("?")[0].split("/").at(-1));
  return fileCard({ url: address, filename, size: component.size });
}

function button(component, message) {
  if (component.style === LINK) return linkButton(component);
  if (component.style === PREMIUM) return premiumButton();
  const busy = state.busy.has(`${message.id}:${component.custom_id}`);
  return html`<button
    class="button ${BUTTON_STYLES[component.style]}"
    ?disabled=${component.disabled}
    aria-busy=${busy}
    @click=${() => useComponent(message, component)}
  >
    ${emoji(component.emoji)}${component.label ? html`<span>${component.label}</span>` : nothing}
  </button>`;
}

function linkButton(component) {
  const address = webLink(component.url);
  const content = html`${emoji(component.emoji)}<span>${component.label}</span>${icon("out")}`;
  return address && !component.disabled
    ? html`<a class="button secondary" href=${address} target="_blank" rel="noopener noreferrer"
        >${content}</a
      >`
    : html`<button class="button secondary" disabled>${content}</button>`;
}

function premiumButton() {
  return html`<button class="button premium" disabled title="Nothing is sold in the sandbox">
    ${icon("gem")}<span>Premium</span>
  </button>`;
}

/** A component that the page has no drawing for says so, rather than being left out. */
export function unknown(component) {
  return html`<div class="unknown" role="note">
    ${icon("warning")} component type ${component.type} is not shown in the sandbox
  </div>`;
}
