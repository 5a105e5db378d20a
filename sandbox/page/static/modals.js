// A modal of the bot: a form in a dialog. It stays open, with what was typed, until the bot has answered it.

import { dismissModal, submitModal } from "./actions.js";
import { avatar } from "./avatar.js";
import { unknown } from "./components.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { acceptOf, fileList, forgetFiles, hold, joined } from "./files.js";
import { closeDialog, showDialog } from "./media.js";
import { modalSelect } from "./selects.js";
import { changed, nameOf, state } from "./store.js";
import { html, keyed, nothing, ref } from "./vendor.js";

const ACTION_ROW = 1;
const TEXT_INPUT = 4;
const TEXT_DISPLAY = 10;
const LABEL = 18;
const FILE_UPLOAD = 19;
const RADIO_GROUP = 21;
const CHECKBOX_GROUP = 22;
const CHECKBOX = 23;

const chosen = new Map(); // custom id -> {files, note} of the open form

/** The open modal. */
export function modal() {
  if (!state.modal) return nothing;
  return keyed(state.modal.id, dialog(state.modal));
}

function dialog(form) {
  return html`<dialog class="modal" aria-labelledby="modal-title" ${ref(opened)} @close=${forget}>
    <form @submit=${submit} @input=${forgive} autocomplete="off">
      <header>
        ${avatar(state.bot, "small")}
        <h2 id="modal-title">${form.title}</h2>
        <button type="button" class="round" aria-label="Close" @click=${closeDialog}>${icon("close")}</button>
      </header>
      <p class="modal-note">This form goes to <b>${nameOf(state.bot)}</b>. Here it stays on your computer.</p>
      <div class="modal-fields">${form.components.map(part)}</div>
      ${form.error ? html`<p class="failed" role="alert">${icon("warning")} ${form.error}</p>` : nothing}
      <footer>
        <button type="button" class="button secondary" @click=${closeDialog}>Cancel</button>
        <button class="button primary" aria-busy=${Boolean(form.busy)} ?disabled=${form.busy}>Submit</button>
      </footer>
    </form>
  </dialog>`;
}

function opened(form) {
  if (form) {
    showDialog(form);
    return;
  }
  for (const { files } of chosen.values()) forgetFiles(files);
  chosen.clear();
}

/** What was wrong is being mended. */
function forgive() {
  if (!state.modal.error) return;
  state.modal.error = "";
  changed();
}

function forget() {
  if (state.modal) dismissModal(); // else it was answered
}

// ---- fields ------------------------------------------------------------------------------------------------------

function part(component) {
  switch (component.type) {
    case TEXT_DISPLAY:
      return html`<div class="text">${markdown(component.content)}</div>`;
    case LABEL:
      return labelled(component.label, component.description, component.component);
    case ACTION_ROW: // the older way to place a text input, whose label is its own
      return component.components.map((child) => labelled(child.label, undefined, child));
    default:
      return unknown(component);
  }
}

function labelled(label, description, component) {
  const id = `field-${component.custom_id}`;
  const isRequired = component.type !== CHECKBOX && component.required !== false;
  const text = html`${label}${isRequired ? html`<span class="required" title="required" aria-hidden="true"> *</span>` : nothing}`;
  const isGroup = component.type === RADIO_GROUP || component.type === CHECKBOX_GROUP;
  return html`<div
    class="labelled"
    role=${isGroup ? "group" : nothing}
    aria-labelledby=${isGroup ? `${id}-name` : nothing}
  >
    ${
      component.type === CHECKBOX
        ? checkbox(component, id, label, description)
        : html`<label class="field-name" id="${id}-name" for=${isGroup ? nothing : id}>${text}</label>
            ${description ? html`<small>${description}</small>` : nothing} ${field(component, id)}`
    }
  </div>`;
}

function field(component, id) {
  switch (component.type) {
    case TEXT_INPUT:
      return textInput(component, id);
    case 3:
    case 5:
    case 6:
    case 7:
    case 8:
      return modalSelect(component, id);
    case FILE_UPLOAD:
      return fileUpload(component, id);
    case RADIO_GROUP:
      return component.options.map((option) => groupOption(component, option, "radio"));
    case CHECKBOX_GROUP:
      return component.options.map((option) => groupOption(component, option, "checkbox"));
    default:
      return unknown(component);
  }
}

function textInput(component, id) {
  const required = component.required !== false;
  const [least, most] = [component.min_length ?? 0, component.max_length ?? 4000];
  return component.style === 2
    ? html`<textarea
        id=${id}
        name=${component.custom_id}
        rows="4"
        .value=${component.value ?? ""}
        placeholder=${component.placeholder ?? ""}
        ?required=${required}
        minlength=${least}
        maxlength=${most}
      ></textarea>`
    : html`<input
        id=${id}
        name=${component.custom_id}
        .value=${component.value ?? ""}
        placeholder=${component.placeholder ?? ""}
        ?required=${required}
        minlength=${least}
        maxlength=${most}
      />`;
}

function fileUpload(component, id) {
  const most = component.max_values ?? 1;
  const { files, note } = chosenIn(component);
  const required = component.required !== false && component.min_values !== 0;
  return html`<div
      class="drop-zone"
      @dragover=${(event) => event.preventDefault()}
      @dragenter=${({ currentTarget }) => (currentTarget.dataset.over = "yes")}
      @dragleave=${leaveZone}
      @drop=${(event) => dropFiles(component, event)}
    >
      <span>Drop ${most > 1 ? `up to ${most} files` : "a file"} here or <u>browse</u></span>
      <input
        id=${id}
        name=${component.custom_id}
        type="file"
        aria-describedby="${id}-note"
        ?multiple=${most > 1}
        ?required=${required}
        accept=${acceptOf(component.file_types) ?? nothing}
        @change=${(event) => takeFiles(component, [...event.target.files], event.target)}
      />
    </div>
    ${fileList(files, (file) => removeFile(component, file))}
    <small id="${id}-note" role="status"
      >${note || (files.length ? `${files.length} of ${most}` : nothing)}</small
    >`;
}

function chosenIn(component) {
  return chosen.get(component.custom_id) ?? { files: [], note: "" };
}

function leaveZone({ currentTarget, relatedTarget }) {
  if (!currentTarget.contains(relatedTarget)) delete currentTarget.dataset.over;
}

function dropFiles(component, event) {
  event.preventDefault();
  delete event.currentTarget.dataset.over;
  takeFiles(component, [...event.dataTransfer.files], event.currentTarget.querySelector("input"));
}

function takeFiles(component, coming, input) {
  const limits = { most: component.max_values ?? 1, types: component.file_types };
  // One file takes another's place, as in every field for one; of several, each comes to those that are there.
  const before = limits.most === 1 && coming.length ? [] : chosenIn(component).files;
  keepFiles(component, joined(before, coming, limits), input);
}

function removeFile(component, file) {
  const files = chosenIn(component).files.filter((one) => one !== file);
  const input = document.getElementById(`field-${component.custom_id}`);
  forgetFiles([file]);
  keepFiles(component, { files, note: "" }, input);
  input.focus();
}

function keepFiles(component, choice, input) {
  chosen.set(component.custom_id, choice);
  state.modal.error = "";
  hold(input, choice.files);
  changed();
}

function groupOption(component, option, kind) {
  return html`<label class="choice">
    <input
      type=${kind}
      name=${component.custom_id}
      value=${option.value}
      ?checked=${option.default}
      ?required=${kind === "radio" && component.required !== false}
    />
    <span class="option-text"
      ><span>${option.label}</span
      >${option.description ? html`<small>${option.description}</small>` : nothing}</span
    >
  </label>`;
}

function checkbox(component, id, label, description) {
  return html`<label class="choice" for=${id}>
    <input id=${id} type="checkbox" name=${component.custom_id} ?checked=${component.default} />
    <span class="option-text"
      ><span>${label}</span>${description ? html`<small>${description}</small>` : nothing}</span
    >
  </label>`;
}

// ---- sending -----------------------------------------------------------------------------------------------------

function submit(event) {
  event.preventDefault();
  const form = event.target;
  const fields = state.modal.components.flatMap(
    (one) => one.components ?? (one.component ? [one.component] : []),
  );
  const problem = fields.map((one) => countProblem(one, form)).find(Boolean);
  if (problem) {
    state.modal.error = problem;
    changed();
    return;
  }
  const data = new FormData(form);
  submitModal(Object.fromEntries(fields.map((one) => [one.custom_id, valueOf(one, data)])));
}

/** What the browser's own validation does not know: how many boxes may be ticked, how many files chosen. */
function countProblem(component, form) {
  const isMany =
    component.type === CHECKBOX_GROUP || (component.type >= 5 && component.type <= 8) || component.type === 3;
  if (!isMany && component.type !== FILE_UPLOAD) return null;
  const data = new FormData(form).getAll(component.custom_id);
  const count = data.filter((one) => (one instanceof File ? one.name : one !== "")).length;
  if (count === 0 && component.required === false) return null;
  const least = component.min_values ?? 1;
  const most = component.max_values ?? (component.type === CHECKBOX_GROUP ? component.options.length : 1);
  if (count < least) return `Choose at least ${least}.`;
  return count > most ? `Choose ${most} at most.` : null;
}

function valueOf(component, data) {
  const values = data.getAll(component.custom_id);
  switch (component.type) {
    case TEXT_INPUT:
      return values[0] ?? "";
    case RADIO_GROUP:
      return values[0] ?? null;
    case CHECKBOX:
      return values.length > 0;
    case FILE_UPLOAD:
      return values.filter((file) => file.name);
    default:
      return values.filter((value) => value !== "");
  }
}
