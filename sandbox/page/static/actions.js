// What happens on the page: events of the sandbox change the store, deeds of the person go out as requests.

import { Connection, upload } from "./connection.js";
import { channelOfLink } from "./links.js";
import { EPHEMERAL } from "./message-flags.js";
import { byId, changed, channel, channelMessages, channels, notify, state } from "./store.js";

const SHOWN_MS = 2000;
const LAST_PERSON = "sandbox.person";

const connection = new Connection({ onEvent: receive, onStatus: lost });
// Interactions whose end was seen, for answers that overtake the number of what they answer.
const settled = new Set();
const started = new Map();

// ---- coming in ---------------------------------------------------------------------------------------------------

const events = {
  READY(d) {
    const samePerson = state.me?.key === d.me.key;
    Object.assign(state, {
      connection: "open",
      me: d.me,
      people: d.people,
      bot: d.bot,
      botConnected: d.bot_connected,
      guilds: d.guilds,
      direct: d.direct,
      workbench: d.workbench,
    });
    state.messages.clear();
    state.pending.clear();
    state.busy.clear();
    if (!samePerson) {
      state.modal = null;
      state.unread.clear();
    }
    openChannel(channel() ? state.channelId : d.start_channel);
  },
  MESSAGE_CREATE(d) {
    store(d);
    settle(d.interaction_metadata?.id);
    if (d.channel_id !== state.channelId) state.unread.add(d.channel_id);
  },
  MESSAGE_UPDATE(d) {
    store(d);
    state.failed.delete(d.id);
  },
  MESSAGE_DELETE(d) {
    state.messages.get(d.channel_id)?.delete(d.id);
  },
  INTERACTION_ACK(d) {
    settle(d.id);
  },
  INTERACTION_FAILED(d) {
    fail(d.id);
  },
  MODAL(d) {
    state.modal = { ...d, busy: false, error: "" };
  },
  COMMANDS() {
    if (state.channelId) refreshCommands();
  },
  BOT(d) {
    state.botConnected = d.connected;
  },
  WORLD(d) {
    Object.assign(state, d);
    if (!channel()) openChannel(channels()[0]?.id ?? null);
  },
  WORKBENCH(d) {
    state.workbench = d;
  },
};

function receive(type, data) {
  events[type]?.(data);
  changed();
}

function lost() {
  state.connection = "lost";
  changed();
}

function store(message) {
  if (state.dismissed.has(message.id)) return;
  const messages = channelMessages(message.channel_id);
  messages.set(message.id, { ...messages.get(message.id), ...message });
}

function settle(interactionId) {
  if (!interactionId) return;
  const begun = started.get(interactionId);
  if (!started.delete(interactionId)) settled.add(interactionId);
  state.pending.delete(interactionId);
  state.busy.delete(begun?.component);
  if (begun?.modal && begun.modal === state.modal) state.modal = null;
}

function fail(interactionId) {
  const begun = started.get(interactionId);
  if (begun?.modal) {
    started.delete(interactionId);
    Object.assign(begun.modal, { busy: false, error: "Something went wrong. Try again." });
    return;
  }
  settle(interactionId);
  if (begun?.messageId) state.failed.add(begun.messageId);
  else if (begun) state.pending.set(interactionId, { ...begun, failed: true });
}

// ---- going out ---------------------------------------------------------------------------------------------------

/** Makes the page the client of one of the six people. */
export function become(personKey) {
  sessionStorage.setItem(LAST_PERSON, personKey);
  state.connection = "connecting";
  connection.open(personKey);
  changed();
}

/** Connects as the person of this tab, mira in a new one. */
export function start() {
  become(sessionStorage.getItem(LAST_PERSON) ?? "mira");
}

export function openGuild(guildId) {
  state.guildId = guildId;
  openChannel(channels().find((one) => one.name === "portraits")?.id ?? channels()[0]?.id ?? null);
}

export async function openChannel(channelId) {
  const opened = channel(channelId);
  state.toEnd = true;
  state.channelId = opened ? channelId : null;
  state.guildId = opened ? (opened.guild_id ?? null) : state.guildId;
  state.unread.delete(channelId);
  state.drawerOpen = false;
  changed();
  if (!opened) return;
  const answer = await ask("open", { channel_id: channelId });
  if (!answer) return;
  if (channelId === state.channelId) state.commands = answer.commands;
  const known = channelMessages(channelId);
  const fresh = answer.messages.filter((one) => !state.dismissed.has(one.id));
  // Newer news may have come while the answer was on its way: what is known of a message stays on top.
  const merged = new Map(fresh.map((one) => [one.id, one]));
  for (const [id, message] of known) merged.set(id, { ...merged.get(id), ...message });
  state.messages.set(channelId, new Map([...merged].sort(byId)));
  changed();
}

/** Discord's own address of a channel or message leads there in the page, as it does in Discord's client. */
export async function followJump(event) {
  const link = event.target.closest?.("a[href]");
  const place = link && channelOfLink(link.href);
  if (!place) return;
  event.preventDefault();
  if (!channel(place.channelId)) {
    notify("You cannot see that channel.");
    return;
  }
  if (place.channelId !== state.channelId) await openChannel(place.channelId);
  if (place.messageId) showMessage(place.messageId);
}

/** Brings a message of the open channel into view. */
export function showMessage(messageId) {
  requestAnimationFrame(() => {
    const message = document.getElementById(`message-${messageId}`);
    if (!message) notify("That message is not there any more.");
    message?.scrollIntoView({ block: "center" });
    message?.classList.add("shown-by-link");
    setTimeout(() => message?.classList.remove("shown-by-link"), SHOWN_MS);
  });
}

async function refreshCommands() {
  const channelId = state.channelId;
  const answer = await ask("open", { channel_id: channelId });
  if (!answer || channelId !== state.channelId) return;
  state.commands = answer.commands;
  changed();
}

/** Sends a chat message as the person. */
export async function say(content, files) {
  state.toEnd = true;
  const channelId = state.channelId;
  const ids = await Promise.all(files.map(upload)).catch(refused);
  if (ids) await ask("say", { channel_id: channelId, content, files: ids });
}

/** Runs a slash command. `path` is the command with its subcommands, `options` are {name, type, value}. */
export async function runCommand(path, options) {
  const begun = { text: `/${path}`, channelId: state.channelId };
  const withFiles = await Promise.all(options.map(uploadValue)).catch(refused);
  if (!withFiles) return false;
  return begin(begun, "command", { channel_id: state.channelId, name: path, options: withFiles });
}

async function uploadValue(option) {
  return option.value instanceof File ? { ...option, value: await upload(option.value) } : option;
}

/** Runs a message menu command ("Apps") on a message. */
export function runMenuCommand(name, message) {
  return begin({ text: name, channelId: message.channel_id }, "menu", { message_id: message.id, name });
}

/** Clicks a button, or chooses `values` in a select. */
export async function useComponent(message, component, values) {
  const key = `${message.id}:${component.custom_id}`;
  if (state.busy.has(key)) return;
  state.busy.add(key);
  state.failed.delete(message.id);
  const body = { message_id: message.id, custom_id: component.custom_id };
  const begun = await begin(
    { messageId: message.id, component: key },
    "component",
    values ? { ...body, values } : body,
  );
  if (!begun) state.busy.delete(key);
  changed();
}

/** Sends the open modal, which stays until it is answered; `values` maps custom ids to what was entered. */
export async function submitModal(values) {
  const modal = state.modal;
  Object.assign(modal, { busy: true, error: "" });
  changed();
  try {
    const entries = await Promise.all(Object.entries(values).map(uploadField));
    const body = { modal_id: modal.id, values: Object.fromEntries(entries) };
    follow({ modal }, await connection.request("modal", body));
  } catch (error) {
    Object.assign(modal, { busy: false, error: error.message }); // the rest of the page is behind the form
  }
  changed();
}

async function uploadField([name, value]) {
  if (!Array.isArray(value) || !(value[0] instanceof File)) return [name, value];
  return [name, { files: await Promise.all(value.map(upload)) }];
}

/** Closes the open modal without sending it. */
export function dismissModal() {
  const { id } = state.modal;
  state.modal = null;
  changed();
  ask("dismiss_modal", { modal_id: id });
}

/** Lets the bot write to the person, or not: what Discord's privacy settings decide. */
export async function takeDirectMessages(open) {
  if (!(await ask("direct_messages", { open }))) return;
  state.me.dms_open = open;
  changed();
}

/** Asks the bot for suggestions; [] when it does not answer. */
export async function complete(path, options, focused) {
  const body = { channel_id: state.channelId, name: path, options, focused };
  const answer = await connection.request("autocomplete", body).catch(() => ({ choices: [] }));
  return answer.choices;
}

export function dismiss(message) {
  state.dismissed.add(message.id);
  state.messages.get(message.channel_id)?.delete(message.id);
  changed();
  deleteMessage(message); // for the bot it is as if it had never been
}

export async function deleteMessage(message) {
  await ask("delete", { message_id: message.id });
}

/** Pulls one of the workbench's levers: a fault, the speed, the bot's process. */
export async function pull(lever, value) {
  await ask("lever", { lever, value });
}

async function begin(begun, action, body) {
  const answer = await ask(action, body);
  if (!answer) return false;
  follow(begun, answer);
  return true;
}

/** Waits for the answer to what was begun. */
function follow(begun, answer) {
  const id = answer.interaction_id;
  const overtaken = settled.delete(id);
  started.set(id, begun);
  if (overtaken) settle(id);
  else if (begun.text) state.pending.set(id, asPrivateMessage(begun));
  if (!begun.messageId) state.toEnd = true;
  changed();
}

/** What a command leaves in the log until it is answered: seen by its user alone, like a private message. */
function asPrivateMessage(begun) {
  return Object.assign(begun, { author: state.bot, flags: EPHEMERAL, timestamp: new Date().toISOString() });
}

async function ask(action, body) {
  return connection.request(action, body).catch(refused);
}

function refused(error) {
  notify(error.message);
  return null;
}
