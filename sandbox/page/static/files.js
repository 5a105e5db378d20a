// Files that a person has chosen and not sent yet: several at once, more by and by, each to be taken away again.

import { icon } from "./icons.js";
import { fileSize } from "./media.js";
import { html, nothing, repeat } from "./vendor.js";

const DRAWABLE = ["image/png", "image/jpeg", "image/webp", "image/gif"];

const addresses = new WeakMap(); // file -> address of its picture

/** Those that were chosen with those that come, at most `most`; `note` says what was left out and why. */
export function joined(chosen, coming, { most, types }) {
  const fitting = coming.filter((file) => isOfType(file, types));
  const fresh = fitting.filter((file) => !chosen.some((one) => isSame(one, file)));
  const files = [...chosen, ...fresh].slice(0, most);
  const tooMany = chosen.length + fresh.length - files.length;
  const notes = [];
  if (fitting.length < coming.length) {
    const odd = coming.find((file) => !fitting.includes(file));
    notes.push(`${odd.name} is not of a kind that is taken here.`);
  }
  if (tooMany) notes.push(`${most === 1 ? "One file fits" : `${most} files fit`}; ${tooMany} left out.`);
  return { files, note: notes.join(" ") };
}

function isSame(one, other) {
  return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
}

/** Whether a file's name or type is among `types` as Discord writes them: "image" or ".zip"; without any it is. */
function isOfType(file, types) {
  if (!types?.length) return true;
  return types.some((type) =>
    type.startsWith(".") ? file.name.toLowerCase().endsWith(type) : file.type.startsWith(`${type}/`),
  );
}

/** The value of `accept` for the browser's own window to choose files in. */
export function acceptOf(types) {
  return types?.map((type) => (type.startsWith(".") ? type : `${type}/*`)).join();
}

/** Makes an input hold these files, so that the browser knows whether a required one is filled. */
export function hold(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
}

/** The files with their pictures and sizes, each with a button that takes it away. */
export function fileList(files, remove) {
  if (!files.length) return nothing;
  return html`<ul class="chosen-files">
    ${repeat(
      files,
      (file) => file,
      (file) =>
        html`<li>
          ${DRAWABLE.includes(file.type) ? html`<img src=${addressOf(file)} alt="" />` : icon("file")}
          <span class="chosen-name">${file.name} (${fileSize(file.size)})</span>
          <button type="button" class="round" aria-label="Remove ${file.name}" @click=${() => remove(file)}>
            ${icon("close")}
          </button>
        </li>`,
    )}
  </ul>`;
}

function addressOf(file) {
  if (!addresses.has(file)) addresses.set(file, URL.createObjectURL(file));
  return addresses.get(file);
}

/** Lets the pictures of files go that are not shown any more. */
export function forgetFiles(files) {
  for (const file of files) {
    if (addresses.has(file)) URL.revokeObjectURL(addresses.get(file));
    addresses.delete(file);
  }
}
