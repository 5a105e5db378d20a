// The page around the messages: servers, channels, the person, the header.

import { become, openChannel, openGuild, takeDirectMessages } from "./actions.js";
import { avatar, serverPicture } from "./avatar.js";
import { isFilling, startCommand } from "./composer.js";
import { composerForm } from "./composer-form.js";
import { icon } from "./icons.js";
import { lightbox } from "./media.js";
import { menu, openMenu } from "./menus.js";
import { messageLog } from "./messages.js";
import { modal } from "./modals.js";
import { runnable } from "./options.js";
import { changed, channel, channels, guild, nameOf, state } from "./store.js";
import { html, nothing, repeat } from "./vendor.js";
import { toggleWorkbench, workbench } from "./workbench.js";

const THEME = "sandbox.theme";
const THREAD_TYPES = [10, 11, 12];
const PRIVATE_THREAD = 12;
const DIRECT = 1;
const SEND_MESSAGES = 11; // permission bits
const SEND_MESSAGES_IN_THREADS = 38;
const SAMPLE_PROMPT = "a lighthouse keeper with a silver beard, soft evening light, oil on canvas";

const narrow = matchMedia("(max-width: 720px)");
narrow.addEventListener("change", changed);

/** The whole page. */
export function shell() {
  if (!state.me) return loading();
  const covered = Boolean(state.menu);
  return html`<div class="shell" data-drawer=${state.drawerOpen ? "open" : "shut"} ?inert=${covered}>
      ${navigation()}
      <div class="scrim" @click=${toggleDrawer}></div>
      <main class="main" ?inert=${narrow.matches && (state.drawerOpen || state.workbenchOpen)}>
        ${header()} ${connectionLine()} ${messageLog()}
        <div class="foot">${tryStrip()} ${composerForm()}</div>
      </main>
      ${workbench()}
    </div>
    ${menu()} ${modal()} ${lightbox()}
    <div class="notices" role="status">${state.notice ? html`<p>${state.notice.text}</p>` : nothing}</div>`;
}

function loading() {
  return html`<div class="loading" role="status">
    ${state.connection === "lost" ? "The sandbox is not reachable. Is it still running? Trying again…" : "Opening the sandbox…"}
  </div>`;
}

function connectionLine() {
  if (state.connection !== "lost") return nothing;
  return html`<div class="connection-line" role="alert">
    The sandbox went away. Trying to reach it again…
  </div>`;
}

// ---- navigation --------------------------------------------------------------------------------------------------

function toggleDrawer() {
  state.drawerOpen = !state.drawerOpen;
  changed();
}

function navigation() {
  return html`<nav
    class="drawer"
    id="drawer"
    aria-label="Servers and channels"
    ?inert=${narrow.matches && !state.drawerOpen}
    @keydown=${(event) => event.key === "Escape" && state.drawerOpen && toggleDrawer()}
  >
    <div class="rail">
      ${state.direct.length ? directButton() : nothing}
      ${repeat(
        state.guilds,
        (one) => one.id,
        (one) => serverButton(one),
      )}
    </div>
    <div class="side">
      <header><h1>${state.guildId === null ? "Direct messages" : guild()?.name}</h1></header>
      <ul class="channels">
        ${inOrder(channels()).map(channelRow)}
      </ul>
      <p class="about-sandbox">
        <b>Sandbox</b> – this is not Discord. It runs on this computer alone, with a stand-in for Discord and
        one for Wiro.
      </p>
      ${personButton()}
    </div>
  </nav>`;
}

function serverButton(one) {
  const open = one.id === state.guildId;
  const unread = one.channels.some((each) => state.unread.has(each.id));
  return html`<button
    class="server"
    aria-label=${one.name}
    aria-current=${open ? "true" : nothing}
    title=${one.name}
    data-unread=${unread && !open ? "yes" : nothing}
    @click=${() => openGuild(one.id)}
  >
    ${serverPicture(one)}
  </button>`;
}

function directButton() {
  const unread = state.direct.some((one) => state.unread.has(one.id));
  return html`<button
    class="server direct"
    aria-label="Direct messages"
    title="Direct messages"
    aria-current=${state.guildId === null ? "true" : nothing}
    data-unread=${unread && state.guildId !== null ? "yes" : nothing}
    @click=${() => openGuild(null)}
  >
    ${icon("at")}
  </button>`;
}

/** Channels by their position, each followed by its threads; archived ones are put away until they are opened. */
function inOrder(all) {
  const tops = all
    .filter((one) => !THREAD_TYPES.includes(one.type))
    .sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  return tops.flatMap((top) => [
    top,
    ...all.filter((one) => THREAD_TYPES.includes(one.type) && one.parent_id === top.id && isShown(one)),
  ]);
}

function isShown(thread) {
  return !isArchived(thread) || thread.id === state.channelId;
}

function isArchived(one) {
  return Boolean(one.thread_metadata?.archived);
}

function placeIcon(one) {
  if (one.type === PRIVATE_THREAD) return icon("lock");
  return icon(THREAD_TYPES.includes(one.type) ? "thread" : one.type === DIRECT ? "at" : "hash");
}

function channelRow(one) {
  const isThread = THREAD_TYPES.includes(one.type);
  const open = one.id === state.channelId;
  return html`<li>
    <button
      class="channel ${isThread ? "in-thread" : ""}"
      aria-current=${open ? "page" : nothing}
      data-unread=${state.unread.has(one.id) && !open ? "yes" : nothing}
      @click=${() => openChannel(one.id)}
    >
      ${placeIcon(one)}
      <span>${channelName(one)}</span>
      ${isArchived(one) ? html`<span class="mark" title="A message opens it again">archived</span>` : nothing}
      ${botMayWrite(one) ? nothing : html`<span class="mark" title="The bot may not write here">no bot</span>`}
      ${one.nsfw ? html`<span class="mark" title="Age-restricted">18+</span>` : nothing}
    </button>
  </li>`;
}

function botMayWrite(one) {
  const bit = THREAD_TYPES.includes(one.type) ? SEND_MESSAGES_IN_THREADS : SEND_MESSAGES;
  return Boolean((BigInt(one.bot_permissions ?? 0) >> BigInt(bit)) & 1n);
}

function channelName(one) {
  return one.type === DIRECT ? nameOf(state.bot) : one.name;
}

function personButton() {
  return html`<button class="person" aria-haspopup="menu" @click=${openPeople}>
    ${avatar(state.me, "medium")}
    <span class="option-text">
      <span><span class="unseen">You are </span>${nameOf(state.me)}</span>
      <small>${state.me.about}<span class="unseen">. Be someone else</span></small>
    </span>
    ${icon("chevron")}
  </button>`;
}

function openPeople(event) {
  openMenu(event, "People", () => [
    { heading: "Be someone else" },
    ...state.people.map((one) => ({
      label: nameOf(one),
      note: one.about,
      picture: avatar(one, "medium"),
      checked: one.key === state.me.key,
      run: () => one.key !== state.me.key && become(one.key),
    })),
    { heading: nameOf(state.me) },
    {
      label: state.me.dms_open ? "Refuse direct messages" : "Take direct messages",
      note: state.me.dms_open ? "The bot may write to you" : "The bot may not write to you",
      run: () => takeDirectMessages(!state.me.dms_open),
    },
  ]);
}

// ---- header and foot ---------------------------------------------------------------------------------------------

function header() {
  const open = channel();
  return html`<header class="top">
    <button
      class="round only-narrow"
      aria-label="Servers and channels"
      aria-expanded=${state.drawerOpen}
      @click=${toggleDrawer}
    >
      ${icon("menu")}
    </button>
    ${
      open
        ? html`${placeIcon(open)}
            <b class="place">${channelName(open)}</b>
            ${topic(open) ? html`<span class="topic">${topic(open)}</span>` : nothing}`
        : html`<b class="place">No channel</b>`
    }
    <span class="top-end">
      <span
        class="bot-state"
        title=${state.botConnected ? "The bot is connected" : "The bot is not connected"}
      >
        <span class="dot ${state.botConnected ? "good" : "bad"}"></span
        ><span class="unseen"
          >${state.botConnected ? "The bot is connected" : "The bot is not connected"}</span
        >
      </span>
      <button
        class="round"
        aria-label="Switch between dark and light"
        title="Dark or light"
        @click=${switchTheme}
      >
        ${icon("theme")}
      </button>
      <button
        class="round"
        id="workbench-button"
        aria-label="Workbench"
        title="Workbench: Wiro's tasks, speed, faults"
        aria-expanded=${state.workbenchOpen}
        @click=${toggleWorkbench}
      >
        ${icon("wrench")}
      </button>
    </span>
  </header>`;
}

function topic(open) {
  if (!THREAD_TYPES.includes(open.type)) return open.topic;
  const members = open.member_count === 1 ? "1 member" : `${open.member_count} members`;
  const kind = open.type === PRIVATE_THREAD ? "Private thread" : "Thread";
  return `${kind}${isArchived(open) ? ", archived" : ""} · ${members}`;
}

/** One friendly step for someone who sees this for the first time. */
function tryStrip() {
  if (!state.botConnected) {
    return html`<div class="strip" role="status">
      <span class="waiting-dots"><i></i><i></i><i></i></span>
      The bot is not connected yet. Its commands appear here as soon as it is.
    </div>`;
  }
  const canPortrait = runnable(state.commands).some((leaf) => leaf.path === "portrait");
  if (state.ranCommand || isFilling() || !canPortrait || channel()?.name !== "portraits") return nothing;
  return html`<div class="strip">
    <span><b>New here?</b> Make a first portrait.</span>
    <button class="button primary" @click=${() => startCommand("portrait", { prompt: SAMPLE_PROMPT })}>
      Try /portrait
    </button>
  </div>`;
}

function switchTheme() {
  const root = document.documentElement;
  root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
  localStorage.setItem(THEME, root.dataset.theme);
}

function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
}

/** Brings back the theme that was chosen before; without one the system's counts. */
export function restoreTheme() {
  const chosen = localStorage.getItem(THEME);
  if (chosen) document.documentElement.dataset.theme = chosen;
}
