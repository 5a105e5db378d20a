// Slash-command options: what may be typed into each, and what is sent.

import { channelChoices, roleChoices, userChoices } from "./selects.js";

export const SUBCOMMAND = 1;
export const GROUP = 2;
export const STRING = 3;
export const INTEGER = 4;
export const BOOLEAN = 5;
export const USER = 6;
export const CHANNEL = 7;
export const ROLE = 8;
export const MENTIONABLE = 9;
export const NUMBER = 10;
export const ATTACHMENT = 11;

const SHOWN_SUGGESTIONS = 25;

/** Every command that can be run: subcommands one by one, `path` as it is typed. */
export function runnable(commands) {
  return commands
    .filter((command) => (command.type ?? 1) === 1)
    .flatMap((command) => leaves(command, command.name));
}

function leaves(node, path) {
  const below = (node.options ?? []).filter((option) => option.type === SUBCOMMAND || option.type === GROUP);
  if (below.length) return below.flatMap((option) => leaves(option, `${path} ${option.name}`));
  return [{ path, description: node.description, options: node.options ?? [] }];
}

/** The commands that a text after "/" can mean, the likeliest first. */
export function matching(commands, query) {
  const wanted = query.toLowerCase();
  const rank = ({ path }) => (path.startsWith(wanted) ? 0 : path.includes(wanted) ? 1 : 2);
  return runnable(commands)
    .filter((leaf) => rank(leaf) < 2)
    .sort((a, b) => rank(a) - rank(b));
}

/** Whether an option takes only what its list offers. */
export function isStrict(option) {
  return Boolean(option.choices?.length) || [BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE].includes(option.type);
}

/** What an option offers for a text, from what the page knows itself: {label, note, value}. */
export function localSuggestions(option, text) {
  const wanted = text.trim().toLowerCase();
  const all = everything(option);
  const exact = all.some((one) => one.label.toLowerCase() === wanted);
  // A field that holds one of its choices offers all of them again.
  const fitting = exact ? all : all.filter((one) => one.label.toLowerCase().includes(wanted));
  return fitting.slice(0, SHOWN_SUGGESTIONS);
}

function everything(option) {
  if (option.choices?.length) return option.choices.map(({ name, value }) => ({ label: name, value }));
  const noted = (choices) =>
    choices.map(({ label, description, value }) => ({ label, note: description, value }));
  switch (option.type) {
    case BOOLEAN:
      return [
        { label: "True", value: true },
        { label: "False", value: false },
      ];
    case USER:
      return noted(userChoices());
    case ROLE:
      return noted(roleChoices());
    case MENTIONABLE:
      return noted([...userChoices(), ...roleChoices()]);
    case CHANNEL:
      return noted(channelChoices(option.channel_types));
    default:
      return [];
  }
}

/** The value that an entry stands for, or {problem} with a sentence about it. An empty entry has neither. */
export function readEntry(option, entry) {
  if (option.type === ATTACHMENT) return entry.file ? { value: entry.file } : missing(option);
  const text = entry.text ?? "";
  if (text.trim() === "") return missing(option);
  if (entry.picked !== undefined) return { value: entry.picked };
  if (isStrict(option)) {
    const named = everything(option).find((one) => one.label.toLowerCase() === text.trim().toLowerCase());
    return named ? { value: named.value } : { problem: `Choose ${option.name} from its list.` };
  }
  return option.type === STRING ? readText(option, text) : readNumber(option, text.trim());
}

function missing(option) {
  return option.required ? { problem: `${option.name} is required.` } : {};
}

function readText(option, text) {
  if (option.min_length && text.length < option.min_length) {
    return { problem: `${option.name} needs at least ${option.min_length} characters.` };
  }
  if (option.max_length && text.length > option.max_length) {
    return {
      problem: `${option.name} can have ${option.max_length} characters at most; this has ${text.length}.`,
    };
  }
  return { value: text };
}

function readNumber(option, text) {
  const whole = option.type === INTEGER;
  if (!(whole ? /^-?\d+$/ : /^-?\d+([.,]\d+)?$/).test(text)) {
    return { problem: `${option.name} is a ${whole ? "whole " : ""}number.` };
  }
  const value = Number(text.replace(",", "."));
  const { min_value: least = -Infinity, max_value: most = Infinity } = option;
  if (value < least || value > most) return { problem: `${option.name} is ${rangeOf(option)}.` };
  return { value };
}

/** "1 to 10", "at least 1", "at most 10", or "". */
export function rangeOf({ min_value: least, max_value: most }) {
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? "" : `at most ${most}`;
}
