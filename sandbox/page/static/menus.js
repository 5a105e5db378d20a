// Pop-up menus: one at a time, moved through with the arrow keys.

import { deleteMessage, dismiss, runMenuCommand } from "./actions.js";
import { EPHEMERAL } from "./message-flags.js";
import { changed, may, notify, state } from "./store.js";
import { html, nothing, ref } from "./vendor.js";

const MESSAGE_COMMAND = 3;
const MANAGE_MESSAGES = 13;
const EDGE_PX = 8;

/**
 * Opens a menu at an event's place. `items` gives {label, note, picture, checked, danger, run} or {heading}; it is
 * asked at each drawing, so that an open menu shows what came meanwhile.
 */
export function openMenu(event, name, items) {
  event.preventDefault();
  event.stopPropagation();
  const box = event.currentTarget.getBoundingClientRect();
  const atPointer = event.type === "contextmenu" && event.clientX > 0;
  state.menu = {
    name,
    items,
    x: atPointer ? event.clientX : box.right,
    y: atPointer ? event.clientY : box.bottom,
    opener: document.activeElement,
  };
  changed();
}

/** What can be done with a message: the bot's message commands first, as under "Apps". */
export function openMessageMenu(event, message) {
  if (event.type === "contextmenu" && event.target.closest("a, img, input, textarea")) return;
  openMenu(event, "Message", () => messageItems(message));
}

function messageItems(message) {
  const apps = state.commands.filter((command) => command.type === MESSAGE_COMMAND);
  const isMine = message.author.id === state.me.id;
  const isPrivate = Boolean(message.flags & EPHEMERAL);
  return [
    { heading: "Apps" },
    ...apps.map((command) => ({ label: command.name, run: () => runMenuCommand(command.name, message) })),
    ...(apps.length ? [] : [{ label: "No message commands here", disabled: true }]),
    { heading: "Message" },
    { label: "Copy text", run: () => copy(textOf(message)) },
    { label: "Copy message ID", run: () => copy(message.id) },
    isPrivate
      ? { label: "Dismiss message", run: () => dismiss(message) }
      : {
          label: "Delete message",
          danger: true,
          run: () => deleteMessage(message),
          hidden: !isMine && !may(MANAGE_MESSAGES, message.channel_id),
        },
  ];
}

function textOf(message) {
  const texts = [message.content];
  const walk = (component) => {
    texts.push(component.content);
    for (const child of component.components ?? []) walk(child);
  };
  for (const component of message.components ?? []) walk(component);
  return texts.filter(Boolean).join("\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied");
  } catch {
    notify("The browser did not allow copying.");
  }
}

/** The open menu. */
export function menu() {
  if (!state.menu) return nothing;
  const { name, items } = state.menu;
  return html`<div class="menu-screen" @click=${close} @contextmenu=${closeQuietly}>
    <div class="menu" role="menu" aria-label=${name} ${ref(place)} @keydown=${key}>
      ${items()
        .filter((item) => !item.hidden)
        .map(entry)}
    </div>
  </div>`;
}

function entry(item) {
  if (item.heading) return html`<div class="menu-heading" role="presentation">${item.heading}</div>`;
  const isChoice = item.checked !== undefined;
  return html`<button
    class="menu-item ${item.danger ? "danger" : ""}"
    role=${isChoice ? "menuitemradio" : "menuitem"}
    aria-checked=${isChoice ? String(item.checked) : nothing}
    tabindex="-1"
    ?disabled=${item.disabled}
    @click=${(event) => choose(event, item)}
  >
    ${item.picture ?? nothing}
    <span class="option-text"
      ><span>${item.label}</span>${item.note ? html`<small>${item.note}</small>` : nothing}</span
    >
  </button>`;
}

function choose(event, item) {
  event.stopPropagation();
  close();
  item.run();
}

function closeQuietly(event) {
  event.preventDefault();
  close();
}

function close() {
  const opener = state.menu?.opener;
  state.menu = null;
  changed();
  opener?.focus?.();
}

function place(element) {
  if (!element || element.dataset.placed) return;
  queueMicrotask(() => {
    if (!state.menu) return;
    const { x, y } = state.menu;
    const { width, height } = element.getBoundingClientRect();
    const left = Math.max(EDGE_PX, Math.min(x, innerWidth - width - EDGE_PX));
    const top = Math.max(EDGE_PX, Math.min(y, innerHeight - height - EDGE_PX));
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
    element.dataset.placed = "yes";
    element.querySelector("[aria-checked=true], button:not(:disabled)")?.focus();
  });
}

function key(event) {
  const buttons = [...event.currentTarget.querySelectorAll("button:not(:disabled)")];
  const at = buttons.indexOf(document.activeElement);
  const next = {
    ArrowDown: () => buttons[(at + 1) % buttons.length],
    ArrowUp: () => buttons[(at - 1 + buttons.length) % buttons.length],
    Home: () => buttons[0],
    End: () => buttons.at(-1),
  }[event.key];
  if (next) {
    event.preventDefault();
    next()?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    close();
  }
}
