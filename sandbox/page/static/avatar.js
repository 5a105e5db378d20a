// The round picture of a person, the bot or a server: the sandbox's own drawing, else the first letters.

import { avatarAddress } from "./links.js";
import { html } from "./vendor.js";

const COLOURS = ["#5865f2", "#3ba55c", "#96600a", "#a84300", "#9b59b6", "#1f8b9c"];

export function avatar(user, extraClass) {
  const address = user ? avatarAddress(user) : null;
  if (address) return html`<img class="avatar ${extraClass}" src=${address} alt="" />`;
  return letters(user?.global_name ?? user?.username ?? "?", user?.id ?? "0", extraClass);
}

export function serverPicture(guild) {
  if (guild.icon)
    return html`<img class="server-picture" src="/cdn/icons/${guild.id}/${guild.icon}.png" alt="" />`;
  return letters(guild.name, guild.id, "server-picture");
}

function letters(name, id, extraClass) {
  const initials = name
    .split(" ")
    .map((word) => word[0])
    .slice(0, 2)
    .join("");
  const colour = COLOURS[Number(BigInt(id) % BigInt(COLOURS.length))];
  return html`<span
    class="avatar letters ${extraClass}"
    data-letters=${initials}
    aria-hidden="true"
    .style=${`background: ${colour}`}
  ></span>`;
}
