// How the composer looks: the field for a message, or the row of a command's options.

import {
  addOption,
  attach,
  chooseFile,
  clearComposer,
  composer,
  detach,
  dropped,
  focused,
  followCommands,
  key,
  left,
  submit,
  typed,
  typedMessage,
} from "./composer.js";
import { fileList } from "./files.js";
import { icon } from "./icons.js";
import { fileSize } from "./media.js";
import { ATTACHMENT, INTEGER, NUMBER, STRING, rangeOf } from "./options.js";
import { channel } from "./store.js";
import { suggestionList } from "./suggestions.js";
import { classMap, html, live, nothing, repeat } from "./vendor.js";

const THREAD_TYPES = [10, 11, 12];

const narrow = matchMedia("(max-width: 720px)");

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

function messageRow() {
  const open = channel();
  const mayWrite = open?.may_write ?? false;
  return html`${composer.files.length ? html`<div class="say-files">${fileList(composer.files, detach)}</div>` : nothing}
    <div class="say-row">
      <label class="round attach" title="Attach files" ?hidden=${!mayWrite}>
        ${icon("plus")}
        <input type="file" multiple aria-label="Attach files" @change=${chosenFiles} />
      </label>
      <textarea
        id="say"
        rows="1"
        role="combobox"
        aria-expanded="false"
        aria-controls="suggestions"
        aria-autocomplete="list"
        aria-label="Message ${placeName(open)}"
        placeholder=${mayWrite ? invitation(open) : "You may not write here"}
        ?disabled=${!mayWrite}
        .value=${live(composer.text)}
        @input=${typedMessage}
      ></textarea>
      <button
        class="round"
        id="run"
        aria-label="Send message"
        ?disabled=${!composer.text.trim() && !composer.files.length}
      >
        ${icon("send")}
      </button>
    </div>`;
}

function chosenFiles({ target }) {
  attach([...target.files]);
  target.value = ""; // the same file may be chosen again after it was taken away
}

function invitation(open) {
  return `Message ${placeName(open)}${narrow.matches ? "" : ", or / for commands"}`;
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
    ${
      rest.length
        ? html`<div class="more-options" role="group" aria-label="More options">
            ${rest.map(
              (option) =>
                html`<button type="button" title=${option.description} @click=${() => addOption(option)}>
                  ${icon("plus")}${option.name}
                </button>`,
            )}
          </div>`
        : nothing
    }`;
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
  return html`<span class="file-name"
      >${file ? `${file.name} (${fileSize(file.size)})` : "Choose or drop a file"}</span
    >
    <input
      type="file"
      data-option=${option.name}
      aria-label="${option.name}: ${option.description}"
      @focus=${(event) => focused(option, event)}
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
    @focus=${(event) => focused(option, event)}
    @input=${(event) => typed(option, event)}
  ></textarea>`;
}
