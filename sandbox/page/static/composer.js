// What the line at the foot holds: a message, or a slash command. "/" opens the list of commands; a chosen one becomes
// a row of fields, one for each option. Tab moves on, Enter runs, Backspace in an empty field takes the option away.

import { complete, runCommand, say } from "./actions.js";
import { forgetFiles, joined } from "./files.js";
import { ATTACHMENT, isStrict, localSuggestions, matching, readEntry, runnable } from "./options.js";
import { changed, notify, state } from "./store.js";
import { hasSuggestions, offer, shutSuggestions } from "./suggestions.js";

const AUTOCOMPLETE_WAIT_MS = 150;
const FILES_OF_A_MESSAGE = 10;

export const composer = {
  text: "", // of a plain message
  files: [], // of a plain message
  command: null, // the command that is being filled in: {path, description, options}
  shown: [], // names of its options that have a field
  entries: new Map(), // option name -> {text, picked, file}
  active: null, // name of the option whose field has the focus
  problem: null, // {name, text}: why it cannot run yet
  waiting: false, // for the bot's suggestions
};

let timer = null;
let question = 0; // number of the newest autocomplete request: answers to older ones are dropped
let offered = null; // the commands that the open list was made from
let quiet = false; // whether the focus comes to a field without opening its list

/** Puts a command into the composer, with some of its options filled in. */
export function startCommand(path, texts = {}) {
  const command = runnable(state.commands).find((leaf) => leaf.path === path);
  if (!command) {
    notify(`/${path} cannot be used here.`);
    return;
  }
  const given = command.options.filter((option) => option.required || option.name in texts);
  composer.command = command;
  composer.shown = given.map((option) => option.name);
  composer.entries = new Map(Object.entries(texts).map(([name, text]) => [name, { text }]));
  composer.text = "";
  composer.problem = null;
  close();
  const first = given.find((option) => !composer.entries.get(option.name)?.text) ?? given[0];
  focusSoon(first ? field(first.name) : "#run");
}

/** Makes the list of commands anew when the bot's commands have become others while it is open. */
export function followCommands() {
  if (offered === state.commands) return;
  offered = state.commands;
  const input = document.getElementById("say");
  if (!composer.text.startsWith("/") || input !== document.activeElement) return;
  queueMicrotask(() => offerCommands(input));
}

/** Whether a command is being filled in. */
export function isFilling() {
  return composer.command !== null;
}

/** Empties the composer. */
export function clearComposer({ focus = true } = {}) {
  composer.command = null;
  composer.text = "";
  composer.problem = null;
  composer.active = null;
  close();
  if (focus) focusSoon("#say");
}

export function typedMessage(event) {
  composer.text = event.target.value;
  offerCommands(event.target);
}

function offerCommands(input) {
  const query = /^\/(.*)$/s.exec(composer.text);
  const found = query ? matching(state.commands, query[1].trimStart()) : [];
  offer(
    input,
    found.map((leaf) => ({
      label: `/${leaf.path}`,
      hint: leaf.options.filter((option) => option.required).map((option) => option.name),
      note: leaf.description,
      withAvatar: true,
      pick: () => startCommand(leaf.path),
    })),
    { highlight: true },
  );
}

export function focused(option, event) {
  composer.active = option.name;
  if (option.type === ATTACHMENT) close();
  else if (!quiet) suggest(option, event.target);
}

export function typed(option, event) {
  composer.entries.set(option.name, { text: event.target.value });
  composer.problem = null;
  suggest(option, event.target);
}

function suggest(option, input) {
  clearTimeout(timer);
  question += 1;
  const text = composer.entries.get(option.name)?.text ?? "";
  if (!option.autocomplete) {
    offerValues(option, input, localSuggestions(option, text));
    return;
  }
  const asked = question;
  composer.waiting = true;
  changed();
  timer = setTimeout(async () => {
    const choices = await complete(composer.command.path, enteredTexts(), option.name);
    if (asked !== question) return;
    composer.waiting = false;
    offerValues(
      option,
      input,
      choices.map(({ name, value }) => ({ label: name, value })),
    );
  }, AUTOCOMPLETE_WAIT_MS);
}

/** The fields as they are, for the bot to suggest by: unfinished ones too. */
function enteredTexts() {
  return composer.command.options
    .filter((option) => composer.shown.includes(option.name) && option.type !== ATTACHMENT)
    .map((option) => {
      const entry = composer.entries.get(option.name) ?? {};
      const { value } = readEntry({ ...option, required: false }, entry);
      return { name: option.name, type: option.type, value: value ?? entry.text ?? "" };
    })
    .filter(({ name, value }) => value !== "" || name === composer.active);
}

function offerValues(option, input, choices) {
  const items = choices.map((choice) => ({ ...choice, pick: () => picked(option, choice) }));
  offer(input, items, { highlight: isStrict(option) });
}

function picked(option, choice) {
  composer.entries.set(option.name, { text: choice.label, picked: choice.value });
  composer.problem = null;
  close();
  const next = composer.shown.find((name) => isEmpty(name) && name !== option.name);
  focusSoon(field(next ?? option.name), { quietly: !next });
}

function isEmpty(name) {
  const entry = composer.entries.get(name);
  return !entry?.text && !entry?.file;
}

export function chooseFile(option, files) {
  composer.entries.set(option.name, { file: files[0] });
  composer.problem = null;
  changed();
}

export function addOption(option) {
  composer.shown = [...composer.shown, option.name];
  close();
  focusSoon(field(option.name));
}

function removeOption(option) {
  const at = composer.shown.indexOf(option.name);
  composer.entries.delete(option.name);
  composer.shown = composer.shown.filter((name) => name !== option.name);
  close();
  focusSoon(composer.shown.length ? field(composer.shown[Math.max(0, at - 1)]) : "#run");
}

export function key(event) {
  if (event.defaultPrevented || event.isComposing) return; // the list of suggestions took it
  if (event.key === "Escape") {
    event.preventDefault();
    if (hasSuggestions()) close();
    else if (composer.command) clearComposer();
  } else if (
    event.key === "Enter" &&
    !event.shiftKey &&
    event.target.matches("textarea, input:not([type=file])")
  ) {
    event.preventDefault();
    event.target.form.requestSubmit();
  } else if (event.key === "Backspace" && composer.command && event.target.value === "") {
    event.preventDefault();
    const option = composer.command.options.find((one) => one.name === composer.active);
    if (option && !option.required) removeOption(option);
    else if (composer.shown.every(isEmpty)) clearComposer();
  }
}

export function submit(event) {
  event.preventDefault();
  if (composer.command) run();
  else sendMessage();
}

function sendMessage() {
  const text = composer.text.trim();
  const { files } = composer;
  if (!text && !files.length) return;
  if (text.startsWith("/")) {
    notify("There is no such command here.");
    return;
  }
  clearComposer();
  composer.files = [];
  say(text, files);
  forgetFiles(files);
}

/** Puts files beside the message that is being written. */
export function attach(coming) {
  const { files, note } = joined(composer.files, coming, { most: FILES_OF_A_MESSAGE });
  composer.files = files;
  if (note) notify(note);
  changed();
}

export function detach(file) {
  composer.files = composer.files.filter((one) => one !== file);
  forgetFiles([file]);
  focusSoon("#say");
  changed();
}

async function run() {
  const options = [];
  for (const option of composer.command.options) {
    if (!composer.shown.includes(option.name)) continue;
    const { value, problem } = readEntry(option, composer.entries.get(option.name) ?? {});
    if (problem) {
      composer.problem = { name: option.name, text: problem };
      close();
      focusSoon(field(option.name), { quietly: true });
      return;
    }
    if (value !== undefined) options.push({ name: option.name, type: option.type, value });
  }
  const { path } = composer.command;
  clearComposer();
  state.ranCommand = true;
  await runCommand(path, options);
}

export function dropped(event) {
  const files = event.dataTransfer?.files;
  if (!files?.length) return;
  event.preventDefault();
  if (!composer.command) {
    attach([...files]);
    return;
  }
  const slots = composer.command.options.filter((option) => option.type === ATTACHMENT);
  const empty = slots.filter((option) => isEmpty(option.name));
  if (files.length > empty.length) notify(`/${composer.command.path} takes no more files.`);
  [...files].slice(0, empty.length).forEach((file, index) => {
    const option = empty[index];
    if (!composer.shown.includes(option.name)) composer.shown = [...composer.shown, option.name];
    chooseFile(option, [file]);
  });
}

function close() {
  clearTimeout(timer);
  question += 1;
  composer.waiting = false;
  shutSuggestions();
}

export function left(event) {
  if (!event.currentTarget.contains(event.relatedTarget)) close();
}

function focusSoon(selector, { quietly = false } = {}) {
  setTimeout(() => {
    const element = document.querySelector(selector);
    quiet = quietly;
    element?.focus();
    quiet = false;
    if (element?.matches("textarea")) element.setSelectionRange(element.value.length, element.value.length);
  });
}

function field(name) {
  return `[data-option="${CSS.escape(name)}"]`;
}
