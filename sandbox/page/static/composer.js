// The line at the foot: a message, or a slash command. "/" opens the list of commands; a chosen one becomes a row of
// fields, one for each option. Tab moves on, Enter runs, Backspace in an empty field takes the option away.

import { complete, runCommand, say } from "./actions.js";
import { avatar } from "./avatar.js";
import { icon } from "./icons.js";
import { fileSize } from "./media.js";
import { ATTACHMENT, INTEGER, NUMBER, STRING, isStrict, localSuggestions, matching, rangeOf, readEntry, runnable } from "./options.js";
import { changed, channel, notify, state } from "./store.js";
import { Combobox, classMap, html, live, nothing, repeat } from "./vendor.js";

const AUTOCOMPLETE_WAIT_MS = 150;
const THREAD_TYPES = [10, 11, 12];

const composer = {
  text: "", // of a plain message
  command: null, // the command that is being filled in: {path, description, options}
  shown: [], // names of its options that have a field
  entries: new Map(), // option name -> {text, picked, file}
  active: null, // name of the option whose field has the focus
  problem: null, // {name, text}: why it cannot run yet
  suggestions: [], // {label, note, value, pick}
  waiting: false, // for the bot's suggestions
};

let combobox = null;
let timer = null;
let question = 0; // number of the newest autocomplete request: answers to older ones are dropped

// ---- what happens ------------------------------------------------------------------------------------------------

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

let offered = null; // the commands that the open list was made from

/** Makes the list of commands anew when the bot's commands have become others while it is open. */
function followCommands() {
  if (offered === state.commands) return;
  offered = state.commands;
  const input = document.getElementById("say");
  if (composer.text.startsWith("/") && input === document.activeElement) queueMicrotask(() => offerCommands(input));
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

function typedMessage(event) {
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
      pick: () => startCommand(leaf.path),
    })),
    { highlight: true },
  );
}

function focused(option, event) {
  composer.active = option.name;
  suggest(option, event.target);
}

function typed(option, event) {
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
    offerValues(option, input, choices.map(({ name, value }) => ({ label: name, value })));
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

function chooseFile(option, files) {
  composer.entries.set(option.name, { file: files[0] });
  composer.problem = null;
  changed();
}

function addOption(option) {
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

function key(event) {
  if (event.defaultPrevented || event.isComposing) return; // the list of suggestions took it
  if (event.key === "Escape") {
    event.preventDefault();
    if (composer.suggestions.length) close();
    else if (composer.command) clearComposer();
  } else if (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea, input:not([type=file])")) {
    event.preventDefault();
    event.target.form.requestSubmit();
  } else if (event.key === "Backspace" && composer.command && event.target.value === "") {
    event.preventDefault();
    const option = composer.command.options.find((one) => one.name === composer.active);
    if (option && !option.required) removeOption(option);
    else if (composer.shown.every(isEmpty)) clearComposer();
  }
}

function submit(event) {
  event.preventDefault();
  if (composer.command) run();
  else sendMessage();
}

function sendMessage() {
  const text = composer.text.trim();
  if (!text) return;
  if (text.startsWith("/")) {
    notify("There is no such command here.");
    return;
  }
  clearComposer();
  say(text);
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

function dropped(event) {
  const files = event.dataTransfer?.files;
  if (!files?.length) return;
  event.preventDefault();
  const slots = (composer.command?.options ?? []).filter((option) => option.type === ATTACHMENT);
  const empty = slots.filter((option) => isEmpty(option.name));
  if (!empty.length) {
    notify(composer.command ? `/${composer.command.path} takes no more files.` : "Choose a command first, then drop the file.");
    return;
  }
  [...files].slice(0, empty.length).forEach((file, index) => {
    const option = empty[index];
    if (!composer.shown.includes(option.name)) composer.shown = [...composer.shown, option.name];
    chooseFile(option, [file]);
  });
}

// ---- the list of suggestions -------------------------------------------------------------------------------------

function offer(input, items, { highlight }) {
  composer.suggestions = items;
  changed();
  queueMicrotask(() => attach(input, items.length > 0, highlight)); // after the list is drawn
}

function attach(input, open, highlight) {
  detach(); // also when it stays open: it listens to the very input event that led here, and would drop the highlight
  if (!open || !input.isConnected) return;
  // Without a highlight Enter runs the command with what was typed, and an arrow key goes to the suggestions.
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

function close() {
  clearTimeout(timer);
  question += 1;
  composer.waiting = false;
  composer.suggestions = [];
  detach();
  changed();
}

function left(event) {
  if (!event.currentTarget.contains(event.relatedTarget)) close();
}

let quiet = false;

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

// ---- how it looks ------------------------------------------------------------------------------------------------

export function composerForm() {
  followCommands();
  return html`<form
    class="composer"
    autocomplete="off"
    novalidate
    @submit=${submit}
    @keydown=${key}
    @focusout=${left}
    @dragover=${(event) => event.preventDefault()}
    @drop=${dropped}
  >
    ${suggestionList()} ${composer.command ? commandRow(composer.command) : messageRow()}
  </form>`;
}

function suggestionList() {
  const { suggestions } = composer;
  return html`<ul
    id="suggestions"
    role="listbox"
    aria-label="Suggestions"
    ?hidden=${!suggestions.length}
    @mousedown=${(event) => event.preventDefault()}
    @combobox-commit=${(event) => suggestions[Number(event.target.dataset.index)]?.pick()}
  >
    ${repeat(
      suggestions,
      (one, index) => `${index}:${one.label}`,
      (one, index) => html`<li role="option" id="suggestion-${index}" data-index=${index}>
        ${composer.command ? nothing : avatar(state.bot, "small")}
        <span class="option-text">
          <span>${one.label}${(one.hint ?? []).map((name) => html` <span class="hint">${name}</span>`)}</span>
          ${one.note ? html`<small>${one.note}</small>` : nothing}
        </span>
      </li>`,
    )}
  </ul>`;
}

function messageRow() {
  const open = channel();
  const mayWrite = open?.may_write ?? false;
  return html`<div class="say-row">
    <textarea
      id="say"
      rows="1"
      role="combobox"
      aria-expanded="false"
      aria-controls="suggestions"
      aria-autocomplete="list"
      aria-label="Message ${placeName(open)}"
      placeholder=${mayWrite ? `Message ${placeName(open)}, or / for commands` : "You may not write here"}
      ?disabled=${!mayWrite}
      .value=${live(composer.text)}
      @input=${typedMessage}
    ></textarea>
    <button class="round" id="run" aria-label="Send message" ?disabled=${!composer.text.trim()}>${icon("send")}</button>
  </div>`;
}

function placeName(open) {
  if (!open) return "";
  return open.type === 1 ? "the bot" : `${THREAD_TYPES.includes(open.type) ? "" : "#"}${open.name}`;
}

function commandRow(command) {
  const shown = command.options.filter((option) => composer.shown.includes(option.name));
  const rest = command.options.filter((option) => !composer.shown.includes(option.name));
  return html`${help(command)}
    <div class="command-row">
      <b class="command-path">/${command.path}</b>
      ${repeat(
        shown,
        (option) => option.name,
        (option) => pill(option),
      )}
      <span class="row-end">
        <button type="button" class="round" aria-label="Leave this command" @click=${() => clearComposer()}>
          ${icon("close")}
        </button>
        <button class="round go" id="run" aria-label="Run /${command.path}">${icon("send")}</button>
      </span>
    </div>
    ${rest.length
      ? html`<div class="more-options" role="group" aria-label="More options">
          ${rest.map(
            (option) =>
              html`<button type="button" title=${option.description} @click=${() => addOption(option)}>
                ${icon("plus")}${option.name}
              </button>`,
          )}
        </div>`
      : nothing}`;
}

function help(command) {
  if (composer.problem) return html`<div class="help problem" role="alert">${composer.problem.text}</div>`;
  const option = command.options.find((one) => one.name === composer.active);
  if (!option) return html`<div class="help">${command.description}</div>`;
  const range = rangeOf(option);
  return html`<div class="help">
    <b>${option.name}</b> ${option.description}${range ? html` <span class="hint">${range}</span>` : nothing}
    ${composer.waiting ? html`<span class="hint">…</span>` : nothing}
  </div>`;
}

function pill(option) {
  const wrong = composer.problem?.name === option.name;
  return html`<label class=${classMap({ option: true, wrong, file: option.type === ATTACHMENT })}>
    <span class="option-name">${option.name}</span>
    ${option.type === ATTACHMENT ? fileField(option) : textField(option)}
  </label>`;
}

function fileField(option) {
  const { file } = composer.entries.get(option.name) ?? {};
  return html`<span class="file-name">${file ? `${file.name} (${fileSize(file.size)})` : "Choose or drop a file"}</span>
    <input
      type="file"
      data-option=${option.name}
      aria-label="${option.name}: ${option.description}"
      @focus=${() => {
        composer.active = option.name;
        close();
      }}
      @change=${(event) => event.target.files.length && chooseFile(option, event.target.files)}
    />`;
}

function textField(option) {
  const entry = composer.entries.get(option.name) ?? {};
  const numeric = { [INTEGER]: "numeric", [NUMBER]: "decimal" }[option.type] ?? "text";
  return html`<textarea
    rows="1"
    data-option=${option.name}
    role="combobox"
    aria-expanded="false"
    aria-controls="suggestions"
    aria-autocomplete="list"
    aria-label="${option.name}: ${option.description}"
    aria-required=${option.required ? "true" : "false"}
    aria-invalid=${composer.problem?.name === option.name ? "true" : "false"}
    inputmode=${numeric}
    spellcheck=${option.type === STRING ? "true" : "false"}
    .value=${live(entry.text ?? "")}
    @focus=${(event) => (quiet ? (composer.active = option.name) : focused(option, event))}
    @input=${(event) => typed(option, event)}
  ></textarea>`;
}
