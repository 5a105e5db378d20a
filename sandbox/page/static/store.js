// What the page knows, in one place. Whoever changes it says `changed()`; the page is drawn again once for all
// the changes of one turn.

export const state = {
  connection: "connecting", // "connecting", "open", "lost"
  me: null,
  people: [],
  bot: null,
  botConnected: false,
  guilds: [],
  direct: [], // direct-message channels of the person
  commands: [],
  guildId: null,
  channelId: null,
  messages: new Map(), // channel id -> Map of message id -> message
  unread: new Set(), // channel ids
  toEnd: false, // whether the log is to go to its newest message, because the person did something
  pending: new Map(), // interaction id -> what is shown until it is answered
  busy: new Set(), // "message id:custom id" of components whose click is not answered yet
  failed: new Set(), // ids of messages on which an interaction failed
  dismissed: new Set(), // ids of private messages that the person dismissed
  revealed: new Set(), // keys of spoilers that were opened
  modal: null,
  menu: null,
  lightbox: null,
  workbench: null,
  workbenchOpen: false,
  drawerOpen: false,
  ranCommand: false, // whether the person has run a command since the page was loaded
  notice: null, // one line about something that the page could not do
};

let draw = () => {};
let scheduled = false;

/** Names the function that draws the page. */
export function onChange(callback) {
  draw = callback;
}

/** Draws the page after the current turn. */
export function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    draw();
  });
}

/** Orders [id, …] pairs by time: ids grow with it. */
export function byId([a], [b]) {
  return a.length - b.length || (a < b ? -1 : 1);
}

export function channelMessages(channelId) {
  if (!state.messages.has(channelId)) state.messages.set(channelId, new Map());
  return state.messages.get(channelId);
}

export function findMessage(messageId) {
  for (const messages of state.messages.values()) {
    if (messages.has(messageId)) return messages.get(messageId);
  }
  return null;
}

export function guild() {
  return state.guilds.find((one) => one.id === state.guildId) ?? null;
}

export function channels() {
  return state.guildId === null ? state.direct : (guild()?.channels ?? []);
}

export function channel(channelId = state.channelId) {
  const everywhere = [...state.guilds.flatMap((one) => one.channels), ...state.direct];
  return everywhere.find((one) => one.id === channelId) ?? null;
}

/** Whether the person has a permission (a bit's number) in a channel. */
export function may(bit, channelId = state.channelId) {
  return Boolean((BigInt(channel(channelId)?.permissions ?? 0) >> BigInt(bit)) & 1n);
}

export function member(userId) {
  return guild()?.members.find((one) => one.user.id === userId) ?? null;
}

/** The name that people see: nickname in this server, display name, user name. */
export function nameOf(user) {
  if (!user) return "someone";
  return member(user.id)?.nick ?? user.global_name ?? user.username ?? "someone";
}

/** The person's name as a mention shows it, also when only the id is known. */
export function nameOfId(userId) {
  const known = member(userId)?.user ?? state.people.find((one) => one.id === userId);
  if (known) return nameOf(known);
  return state.bot?.id === userId ? nameOf(state.bot) : "unknown-user";
}

/** Colour of a member's highest coloured role as `#rrggbb`, or "" for the default. */
export function nameColour(user) {
  const held = member(user.id)?.roles ?? [];
  const coloured = (guild()?.roles ?? []).filter((role) => held.includes(role.id) && role.color);
  coloured.sort((a, b) => b.position - a.position);
  return coloured.length ? hexColour(coloured[0].color) : "";
}

export function hexColour(number) {
  return `#${number.toString(16).padStart(6, "0")}`;
}

/** Shows one line at the foot of the page for a while. */
export function notify(text) {
  const notice = { text };
  state.notice = notice;
  changed();
  setTimeout(() => {
    if (state.notice === notice) {
      state.notice = null;
      changed();
    }
  }, 6000);
}
