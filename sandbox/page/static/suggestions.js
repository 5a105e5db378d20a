// The list above the composer: commands, fixed choices, people, the bot's own suggestions. One at a time, moved through
// with the arrow keys.

import { avatar } from "./avatar.js";
import { changed, state } from "./store.js";
import { Combobox, html, nothing, repeat } from "./vendor.js";

let items = []; // {label, hint, note, value, withAvatar, pick}
let combobox = null;

export function hasSuggestions() {
  return items.length > 0;
}

/**
 * Opens the list for an input, or shuts it when there is nothing to offer. With `highlight` Enter takes the first one;
 * without, Enter is the form's, and an arrow key goes to the suggestions.
 */
export function offer(input, offered, { highlight }) {
  items = offered;
  changed();
  queueMicrotask(() => attach(input, highlight)); // after the list is drawn
}

export function shutSuggestions() {
  items = [];
  detach();
  changed();
}

function attach(input, highlight) {
  detach(); // also when it stays open: it listens to the very input event that led here, and would drop the highlight
  if (!items.length || !input.isConnected) return;
  combobox = new Combobox(input, document.getElementById("suggestions"), {
    tabInsertsSuggestions: highlight,
    firstOptionSelectionMode: highlight ? "active" : "none",
  });
  combobox.start();
}

function detach() {
  combobox?.stop(); // destroy() would take the field's role away
  combobox = null;
}

export function suggestionList() {
  return html`<ul
    id="suggestions"
    role="listbox"
    aria-label="Suggestions"
    ?hidden=${!items.length}
    @mousedown=${(event) => event.preventDefault()}
    @combobox-commit=${(event) => items[Number(event.target.dataset.index)]?.pick()}
  >
    ${repeat(items, (one, index) => `${index}:${one.label}`, suggestion)}
  </ul>`;
}

function suggestion(one, index) {
  const hints = (one.hint ?? []).map((name) => html` <span class="hint">${name}</span>`);
  return html`<li role="option" id="suggestion-${index}" data-index=${index}>
    ${one.withAvatar ? avatar(state.bot, "small") : nothing}
    <span class="option-text">
      <span>${one.label}${hints}</span>
      ${one.note ? html`<small>${one.note}</small>` : nothing}
    </span>
  </li>`;
}
