// Pictures and files: galleries, thumbnails, attachments, and the lightbox.

import { icon } from "./icons.js";
import { fileAddress } from "./links.js";
import { changed, state } from "./store.js";
import { classMap, html, nothing, ref } from "./vendor.js";

/** 1 to 10 pictures. `items` are media gallery items; `key` names the gallery, for what was uncovered in it. */
export function gallery(items, key, extraClass = "") {
  return html`<div class="gallery ${extraClass}" data-count=${items.length}>
    ${items.map((item, index) => tile(items, index, `${key}:${index}`))}
  </div>`;
}

function tile(items, index, key) {
  const { media, description, spoiler } = items[index];
  const hidden = spoiler && !state.revealed.has(key);
  const name = description || `Image ${index + 1} of ${items.length}`;
  const open = () => (hidden ? reveal(key) : openLightbox(items, index));
  const shape = items.length === 1 && media.width ? `aspect-ratio: ${media.width} / ${media.height}` : "";
  return html`<button
    class=${classMap({ tile: true, spoiler: hidden })}
    .style=${shape}
    aria-label=${hidden ? "Hidden image, press to show it" : name}
    @click=${open}
  >
    ${
      isVideo(media)
        ? html`<video src=${fileAddress(media.url)} muted preload="metadata"></video>`
        : html`<img src=${fileAddress(media.url)} alt="" loading="lazy" />`
    }
  </button>`;
}

function isVideo(media) {
  return media.content_type?.startsWith("video/") ?? false;
}

export function reveal(key) {
  state.revealed.add(key);
  changed();
}

/** The small picture beside the text of a section. */
export function thumbnail(component, key) {
  const hidden = component.spoiler && !state.revealed.has(key);
  const name = hidden ? "Hidden image, press to show it" : component.description || "Image";
  return html`<button
    class=${classMap({ thumb: true, spoiler: hidden })}
    aria-label=${name}
    @click=${() => (hidden ? reveal(key) : openLightbox([component], 0))}
  >
    <img src=${fileAddress(component.media.url)} alt="" />
  </button>`;
}

/** A file to download. */
export function fileCard({ url, filename, size }) {
  return html`<div class="file">
    ${icon("file")}
    <div>
      <a href=${fileAddress(url)} download=${filename}>${filename}</a>
      ${size ? html`<small>${fileSize(size)}</small>` : nothing}
    </div>
  </div>`;
}

/** The attachments of a message that is not made of components: pictures together, the rest one by one. */
export function attachments(message) {
  const pictures = message.attachments.filter((one) => /^(image|video)\//.test(one.content_type ?? ""));
  const others = message.attachments.filter((one) => !pictures.includes(one));
  const items = pictures.map((one) => ({
    media: one,
    description: one.description,
    spoiler: isSpoiler(one),
  }));
  return html`${items.length ? gallery(items, message.id) : nothing}
  ${others.map((one) =>
    one.content_type?.startsWith("audio/")
      ? html`<audio controls src=${fileAddress(one.url)} aria-label=${one.filename}></audio>`
      : fileCard(one),
  )}`;
}

function isSpoiler(attachment) {
  return attachment.filename.startsWith("SPOILER_") || Boolean((attachment.flags ?? 0) & (1 << 3));
}

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const kilo = bytes / 1024;
  return kilo < 1024 ? `${kilo.toFixed(1)} KB` : `${(kilo / 1024).toFixed(1)} MB`;
}

// ---- the lightbox ------------------------------------------------------------------------------------------------

function openLightbox(items, index) {
  state.lightbox = { items, index };
  changed();
}

function forgetLightbox() {
  state.lightbox = null;
  changed();
}

function turn(step) {
  const { items, index } = state.lightbox;
  state.lightbox = { items, index: (index + step + items.length) % items.length };
  changed();
}

function keyInLightbox(event) {
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
}

/** One picture, large, with its alt text; arrows turn to the others of its gallery. */
export function lightbox() {
  if (!state.lightbox) return nothing;
  const { items, index } = state.lightbox;
  const { media, description } = items[index];
  const address = fileAddress(media.url);
  const many = items.length > 1;
  return html`<dialog
    class="lightbox"
    aria-label="Image ${index + 1} of ${items.length}"
    ${ref(showDialog)}
    @close=${forgetLightbox}
    @keydown=${keyInLightbox}
    @click=${(event) => event.target === event.currentTarget && closeDialog(event)}
  >
    <figure>
      ${
        isVideo(media)
          ? html`<video src=${address} controls></video>`
          : html`<img src=${address} alt=${description ?? ""} />`
      }
      <figcaption>
        ${description ? html`<span class="alt">${description}</span>` : nothing}
        <a href=${address} target="_blank" rel="noopener noreferrer">Open original ${icon("out")}</a>
      </figcaption>
    </figure>
    ${
      many
        ? html`<button class="turn left" aria-label="Previous image" @click=${() => turn(-1)}>
              ${icon("left")}
            </button>
            <button class="turn right" aria-label="Next image" @click=${() => turn(1)}>
              ${icon("right")}
            </button>`
        : nothing
    }
    <button class="shut" aria-label="Close" @click=${closeDialog}>${icon("close")}</button>
  </dialog>`;
}

/** For `ref`: opens a dialog as it enters the page. */
export function showDialog(dialog) {
  // The template puts the element into the page after this call.
  if (dialog) queueMicrotask(() => dialog.isConnected && !dialog.open && dialog.showModal());
}

/** Closes the dialog of the event by its own means, so that the focus goes back to where it came from. */
export function closeDialog(event) {
  event.target.closest("dialog").close();
}
