// The five selects, in messages and in modals. A single choice from a list is the browser's own <select>; several
// choices, and choices among people, roles and channels, are a fold-out list of check boxes.

import { useComponent } from "./actions.js";
import { emoji } from "./emoji.js";
import { changed, channels, guild, nameOf, state } from "./store.js";
import { classMap, html, keyed, live, nothing } from "./vendor.js";

const STRING = 3;
const USER = 5;
const ROLE = 6;
const MENTIONABLE = 7;
const CHANNEL = 8;

const NOUNS = { [USER]: "people", [ROLE]: "roles", [MENTIONABLE]: "people and roles", [CHANNEL]: "channels" };

/** A select in a message: sends what was chosen as soon as it is chosen. */
export function messageSelect(component, message) {
  const send = (values) => useComponent(message, component, values);
  if (isPlain(component)) {
    return plainSelect(component, {
      id: `select-${message.id}-${component.custom_id}`,
      onChange: (event) => send([event.target.value]),
    });
  }
  return folded(component, `${message.id}:${component.custom_id}`, send);
}

/** A select in a modal: an ordinary form field under the name of its custom id. */
export function modalSelect(component, id) {
  if (isPlain(component)) return plainSelect(component, { id, name: component.custom_id });
  return html`<fieldset class="choices" id=${id}>
    <legend class="unseen">${component.placeholder ?? "Choose"}</legend>
    ${choicesOf(component).map((choice) => choiceRow(component, component.custom_id, choice))}
  </fieldset>`;
}

function isPlain(component) {
  return component.type === STRING && (component.max_values ?? 1) === 1;
}

// <selectedcontent> copies the first option as soon as the template is parsed. So that one has no child expression: its
// marker would be copied too, and lit would put the other options there. A select with other options is another one:
// the copy would keep the words of the option that was there before.
function plainSelect(component, { id, name, onChange }) {
  const inForm = name !== undefined;
  const hasDefault = component.options.some((option) => option.default);
  const optional = inForm && component.required === false;
  const select = html`<select
    class="select"
    id=${id}
    name=${name ?? nothing}
    ?disabled=${component.disabled}
    ?required=${inForm && !optional}
    aria-busy=${state.busy.has(id.replace("select-", "").replace("-", ":"))}
    aria-label=${inForm ? nothing : (component.placeholder ?? "Make a selection")}
    @change=${onChange}
  >
    <button type="button"><selectedcontent></selectedcontent></button>
    <option
      value=""
      ?selected=${!hasDefault}
      ?disabled=${!optional}
      ?hidden=${!optional}
      .textContent=${component.placeholder ?? "Make a selection"}
    ></option>
    ${component.options.map(
      (option) =>
        html`<option value=${option.value} .selected=${hasDefault ? live(Boolean(option.default)) : false}>
          ${emoji(option.emoji)}<span class="option-text"
            ><span>${option.label}</span>${
              option.description
                ? html`<small><span class="dash"> – </span>${option.description}</small>`
                : nothing
            }</span
          >
        </option>`,
    )}
  </select>`;
  return keyed(component.options.map((option) => option.label).join("\n"), select);
}

// ---- the fold-out list -------------------------------------------------------------------------------------------

function folded(component, key, send) {
  const several = takesSeveral(component);
  const choices = choicesOf(component);
  const before = choices.filter((choice) => choice.default).map((choice) => choice.label);
  return html`<details
    class=${classMap({ fold: true, disabled: Boolean(component.disabled) })}
    name="fold"
    @toggle=${(event) => toggled(event, several, send)}
    @keydown=${closeOnEscape}
    @focusout=${closeWhenLeft}
  >
    <summary
      class="select"
      aria-disabled=${component.disabled ? "true" : nothing}
      @click=${(event) => component.disabled && event.preventDefault()}
    >
      <span
        >${before.join(", ") || (component.placeholder ?? `Choose ${NOUNS[component.type] ?? "some"}`)}</span
      >
    </summary>
    <form class="fold-list" @change=${(event) => !several && chooseOne(event, send)}>
      ${choices.map((choice) => choiceRow(component, key, choice))}
      ${several ? html`<button type="button" class="button primary" @click=${shut}>Done</button>` : nothing}
    </form>
  </details>`;
}

/** Whether it is chosen with check boxes: a select that may be left empty is emptied by unticking. */
function takesSeveral(component) {
  return (component.max_values ?? 1) > 1 || component.min_values === 0;
}

function choiceRow(component, name, choice) {
  const several = takesSeveral(component);
  return html`<label class="choice">
    <input
      type=${several ? "checkbox" : "radio"}
      name=${name}
      value=${choice.value}
      ?checked=${choice.default}
      @change=${(event) => limit(event, component)}
    />
    ${emoji(choice.emoji)}
    <span class="option-text"
      ><span>${choice.label}</span
      >${choice.description ? html`<small>${choice.description}</small>` : nothing}</span
    >
  </label>`;
}

/** No more boxes can be ticked than the component allows; where that is one, the last ticked one stays. */
function limit(event, component) {
  const boxes = [...event.target.closest("form, fieldset").elements].filter(
    (box) => box.name === event.target.name,
  );
  if ((component.max_values ?? 1) === 1 && event.target.checked) {
    for (const box of boxes) box.checked = box === event.target;
  }
  const ticked = boxes.filter((box) => box.checked).length;
  if (event.target.type === "checkbox" && ticked > (component.max_values ?? 1)) event.target.checked = false;
}

function chosen(details) {
  return [...details.querySelectorAll("input:checked")].map((input) => input.value);
}

function toggled(event, several, send) {
  const details = event.currentTarget;
  const before = details.before ?? "";
  if (details.open) {
    details.before = chosen(details).join();
    details.querySelector("input")?.focus();
    details.querySelector(".fold-list").scrollIntoView({ block: "nearest" });
  } else if (several && chosen(details).join() !== before) {
    send(chosen(details));
  }
}

function chooseOne(event, send) {
  send([event.target.value]);
  shut(event);
}

function shut(event) {
  const details = event.target.closest("details");
  details.open = false;
  details.querySelector("summary").focus();
}

function closeOnEscape(event) {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.stopPropagation();
  shut(event);
}

function closeWhenLeft(event) {
  const details = event.currentTarget;
  if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
}

// ---- what there is to choose from --------------------------------------------------------------------------------

function choicesOf(component) {
  if (component.type === STRING) return component.options;
  const defaults = new Set((component.default_values ?? []).map((one) => one.id));
  return entities(component).map((one) => ({ ...one, default: defaults.has(one.value) }));
}

function entities(component) {
  if (component.type === CHANNEL) return channelChoices(component.channel_types);
  const people = component.type === ROLE ? [] : userChoices();
  const roles = component.type === USER ? [] : roleChoices();
  return [...people, ...roles];
}

/** The members of the server, as choices. */
export function userChoices() {
  return (guild()?.members ?? []).map(({ user }) => ({
    label: nameOf(user),
    description: user.username,
    value: user.id,
  }));
}

/** The roles of the server, as choices. */
export function roleChoices() {
  return (guild()?.roles ?? []).map((role) => ({
    label: role.name.startsWith("@") ? role.name : `@${role.name}`,
    value: role.id,
  }));
}

/** The channels that the person sees in the server, as choices. */
export function channelChoices(types) {
  return channels()
    .filter((one) => !types?.length || types.includes(one.type))
    .map((one) => ({ label: `#${one.name}`, value: one.id }));
}

/** Folds lists away when something else is pressed. */
export function foldAway(event) {
  for (const details of document.querySelectorAll("details.fold[open]")) {
    if (!details.contains(event.target)) {
      details.open = false;
      changed();
    }
  }
}
