// The messages of a channel: who said what when, with day lines, answers to commands, and what is still awaited.

import { dismiss, openChannel, showMessage } from "./actions.js";
import { avatar } from "./avatar.js";
import { components } from "./components.js";
import { embed } from "./embeds.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { attachments } from "./media.js";
import { openMessageMenu } from "./menus.js";
import { COMPONENTS_V2, EPHEMERAL, LOADING } from "./message-flags.js";
import { byId, changed, channel, channelMessages, findMessage, nameColour, nameOf, state } from "./store.js";
import { clockTime, dayName, isSameDay, sentAt } from "./time.js";
import { classMap, html, nothing, ref, repeat } from "./vendor.js";

const GROUP_MS = 7 * 60 * 1000; // messages of one author within this time share a header
const SHOWN = 150; // messages drawn at once: a sandbox that runs for hours stays quick
const NEAR_END_PX = 120;
const TAKEN_IN = 1; // types of messages that Discord writes itself
const LET_GO = 2;

let pinned = true; // whether the newest message is to stay in view

/** The log of the open channel. */
export function messageLog() {
  const open = channel();
  if (state.toEnd) queueMicrotask(toEnd);
  state.toEnd = false;
  const all = inOrder(channelMessages(state.channelId), state.pending);
  const shown = all.slice(-SHOWN);
  return html`<div class="log-frame">
    <div
      class="log"
      role="log"
      aria-label="Messages in ${open?.name ?? ""}"
      aria-relevant="additions"
      tabindex="0"
      ${ref(watchEnd)}
      @scroll=${noteScroll}
    >
      <ol>
        ${all.length > SHOWN ? html`<li class="earlier">${all.length - SHOWN} earlier messages are not shown</li>` : welcome(open)}
        ${repeat(
          shown,
          ([id]) => id,
          ([id, entry], index) =>
            entry.text === undefined ? item(entry, shown[index - 1]?.[1]) : awaited(id, entry),
        )}
      </ol>
    </div>
  </div>`;
}

/** Messages, and commands whose answer is awaited, as [id, entry] by the time in their ids. */
function inOrder(messages, pending) {
  const awaitedHere = [...pending].filter(([, begun]) => begun.channelId === state.channelId);
  return awaitedHere.length ? [...messages, ...awaitedHere].sort(byId) : [...messages];
}

function welcome(open) {
  if (!open) return nothing;
  const place = open.parent_id ? open.name : `Welcome to #${open.name}`;
  const name = open.type === 1 ? "Direct messages with the bot" : place;
  return html`<li class="welcome">
    <h2>${name}</h2>
    ${open.topic ? html`<p>${markdown(open.topic)}</p>` : nothing}
  </li>`;
}

function item(message, before) {
  const startsDay = !before || !isSameDay(new Date(message.timestamp), new Date(before.timestamp));
  return html`${startsDay ? html`<li class="day"><span>${dayName(message.timestamp)}</span></li>` : nothing}
  ${isSystem(message) ? systemLine(message) : oneMessage(message, !startsDay && continues(message, before))}`;
}

function continues(message, before) {
  const sameAuthor = before.author.id === message.author.id;
  const soon = new Date(message.timestamp) - new Date(before.timestamp) < GROUP_MS;
  const samePrivacy = (before.flags & EPHEMERAL) === (message.flags & EPHEMERAL) && before.text === undefined;
  if (isSystem(before)) return false;
  return sameAuthor && soon && samePrivacy && !commandOf(message) && !message.message_reference;
}

function isSystem(message) {
  return message.type === TAKEN_IN || message.type === LET_GO;
}

function systemLine(message) {
  const [who, whom] = [nameOf(message.author), nameOf(message.mentions[0])];
  const place = message.type === TAKEN_IN ? "to the thread" : "from the thread";
  return html`<li class="message system" id="message-${message.id}">
    ${icon(message.type === TAKEN_IN ? "right" : "left")}
    <span><b>${who}</b> ${message.type === TAKEN_IN ? "added" : "removed"} <b>${whom}</b> ${place}.</span>
    <time datetime=${message.timestamp}>${sentAt(message.timestamp)}</time>
  </li>`;
}

function oneMessage(message, isContinued) {
  const isPrivate = Boolean(message.flags & EPHEMERAL);
  return html`<li
    class=${classMap({ message: true, continued: isContinued, private: isPrivate, mentions: mentionsMe(message) })}
    id="message-${message.id}"
    @contextmenu=${(event) => openMessageMenu(event, message)}
  >
    ${usedCommand(message)} ${answeredMessage(message)}
    ${
      isContinued
        ? html`<time class="margin-time" datetime=${message.timestamp}>${clockTime(message.timestamp)}</time>`
        : avatar(message.author, "large")
    }
    <div class="message-body">
      ${isContinued ? nothing : messageHeader(message)} ${content(message)} ${reactions(message)}
      ${thread(message)} ${failure(message)} ${isPrivate ? onlyYou(message) : nothing}
    </div>
    <button
      class="message-more"
      aria-label="More for this message"
      aria-haspopup="menu"
      title="More"
      @click=${(event) => openMessageMenu(event, message)}
    >
      ${icon("more")}
    </button>
  </li>`;
}

function mentionsMe(message) {
  return (message.mentions ?? []).some((user) => user.id === state.me?.id) && !(message.flags & EPHEMERAL);
}

function messageHeader(message) {
  return html`<header>
    <b class="author" .style=${`color: ${nameColour(message.author)}`}>${nameOf(message.author)}</b>
    ${message.author.bot ? html`<span class="tag">APP</span>` : nothing}
    <time datetime=${message.timestamp}>${sentAt(message.timestamp)}</time>
  </header>`;
}

function commandOf(message) {
  return message.interaction?.name ?? message.interaction_metadata?.name ?? null;
}

function usedCommand(message) {
  const name = commandOf(message);
  if (!name) return nothing;
  const user = message.interaction_metadata?.user ?? message.interaction.user;
  const isSlash =
    (message.interaction_metadata?.type ?? 2) === 2 && !message.interaction_metadata?.target_message_id;
  return html`<div class="used">
    <span class="spine"></span>${avatar(user, "tiny")}<b>${nameOf(user)}</b> used
    <span class="command-name">${isSlash ? "/" : ""}${name}</span>
  </div>`;
}

function answeredMessage(message) {
  const id = message.message_reference?.message_id;
  if (!id || commandOf(message)) return nothing;
  const target = message.referenced_message ?? findMessage(id);
  return html`<div class="used">
    <span class="spine"></span>
    ${
      target
        ? html`${avatar(target.author, "tiny")}<b>${nameOf(target.author)}</b>
            <button class="quoted" @click=${() => showMessage(id)}>${summary(target)}</button>`
        : html`<i>Original message was deleted</i>`
    }
  </div>`;
}

function summary(message) {
  if (message.content) return message.content.slice(0, 80);
  return message.attachments?.length ? "Click to see attachment" : "Click to see the message";
}

function content(message) {
  if (message.flags & LOADING) {
    return html`<div class="thinking"><i></i><i></i><i></i> ${nameOf(message.author)} is thinking…</div>`;
  }
  const isV2 = Boolean(message.flags & COMPONENTS_V2);
  return html`
    ${
      message.content ? html`<div class="text">${markdown(message.content)}${edited(message)}</div>` : nothing
    }
    ${isV2 ? nothing : (message.embeds ?? []).map((one, index) => embed(one, `${message.id}.embed.${index}`))}
    ${isV2 || !message.attachments?.length ? nothing : attachments(message)}
    ${message.components?.length ? components(message) : nothing}
    ${message.content ? nothing : edited(message)}
  `;
}

function edited(message) {
  return message.edited_timestamp
    ? html` <small class="edited" title=${sentAt(message.edited_timestamp)}>(edited)</small>`
    : nothing;
}

function reactions(message) {
  if (!message.reactions?.length) return nothing;
  return html`<div class="reactions">
    ${message.reactions.map(
      (one) =>
        html`<span class=${classMap({ reaction: true, me: Boolean(one.me) })}>
          ${emoji(one.emoji)}<span class="unseen">${one.emoji.name}</span> ${one.count}
        </span>`,
    )}
  </div>`;
}

function thread(message) {
  if (!message.thread) return nothing;
  return html`<button class="thread-chip" @click=${() => openChannel(message.thread.id)}>
    ${icon("thread")} <b>${message.thread.name}</b>
  </button>`;
}

function failure(message) {
  if (!state.failed.has(message.id)) return nothing;
  return html`<div class="failed" role="alert">${icon("warning")} This interaction failed</div>`;
}

function onlyYou(message) {
  return html`<div class="only-you">
    ${icon("eye")} Only you can see this •
    <button @click=${() => dismiss(message)}>Dismiss message</button>
  </div>`;
}

/** A command whose answer is awaited, or never came. */
function awaited(interactionId, begun) {
  const done = () => {
    state.pending.delete(interactionId);
    changed();
  };
  return html`<li class="message awaited">
    <div class="used">
      <span class="spine"></span>${avatar(state.me, "tiny")}<b>${nameOf(state.me)}</b> used
      <span class="command-name">${begun.text}</span>
    </div>
    ${avatar(state.bot, "large")}
    <div class="message-body">
      <header><b class="author">${nameOf(state.bot)}</b><span class="tag">APP</span></header>
      ${
        begun.failed
          ? html`<div class="failed" role="alert">${icon("warning")} The application did not respond</div>
              <div class="only-you">
                ${icon("eye")} Only you can see this • <button @click=${done}>Dismiss message</button>
              </div>`
          : html`<div class="thinking"><i></i><i></i><i></i> Sending command…</div>`
      }
    </div>
  </li>`;
}

// ---- staying at the newest message -------------------------------------------------------------------------------

const growth = new ResizeObserver(() => pinned && toEnd());
let watched = null;
let lastTop = 0;

function watchEnd(log) {
  if (!log || log === watched) return;
  watched = log;
  growth.disconnect();
  queueMicrotask(() => {
    growth.observe(log);
    growth.observe(log.firstElementChild);
  });
}

function noteScroll({ currentTarget: log }) {
  const isNearEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  // Far from the end may also mean that messages came faster than this event: only going up is the person's wish.
  if (isNearEnd) pinned = true;
  else if (log.scrollTop < lastTop) pinned = false;
  lastTop = log.scrollTop;
}

/** Shows the newest message, and keeps showing it as more come, until the person scrolls up. */
function toEnd() {
  pinned = true;
  if (watched) watched.scrollTop = watched.scrollHeight;
}
