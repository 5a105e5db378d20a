import { emojiAddress } from "./links.js";
import { html, nothing } from "./vendor.js";

/** An emoji of a button, an option or a reaction: a character, or a picture of a server's own. */
export function emoji(value) {
  if (!value) return nothing;
  if (value.id) return html`<img class="emoji" alt=${value.name} src=${emojiAddress(value)} />`;
  return html`<span class="emoji" aria-hidden="true">${value.name}</span>`;
}
