// Addresses in Discord's JSON, made safe: files come from the sandbox, links lead to the web or nowhere.

const DISCORD_FILES = new Set(["cdn.discordapp.com", "media.discordapp.net"]);
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

const FRESH_MS = 10 * 60 * 1000;
const lately = new Map(); // path -> the signed address by which the file was got lately

/** Where the page gets a file from: always this server, by whatever name the JSON calls it. */
export function fileAddress(address) {
  const url = parse(address);
  if (!url) return "";
  if (DISCORD_FILES.has(url.hostname)) return steady(`/cdn${url.pathname}`, url.search);
  const isHere = LOOPBACK.has(url.hostname) && url.port === location.port;
  return isHere ? steady(url.pathname, url.search) : url.href;
}

/** Every edit of a message signs the addresses of its files anew; the picture on the screen is not loaded again. */
function steady(path, search) {
  const known = lately.get(path);
  if (known && Date.now() - known.at < FRESH_MS) return known.address;
  lately.set(path, { address: path + search, at: Date.now() });
  return path + search;
}

/** The address when it is an ordinary web link, else null: never `javascript:` or `data:`. */
export function webLink(address) {
  const url = parse(address);
  return url && (url.protocol === "https:" || url.protocol === "http:") ? url.href : null;
}

const JUMP = /^https:\/\/(?:\w+\.)?discord\.com\/channels\/(?:@me|\d+)\/(\d+)(?:\/(\d+))?$/;

/** The channel, and perhaps the message, that a link of Discord's own leads to; null for any other link. */
export function channelOfLink(address) {
  const found = JUMP.exec(address);
  return found && { channelId: found[1], messageId: found[2] ?? null };
}

function parse(address) {
  try {
    return new URL(address ?? "", location.href);
  } catch {
    return null;
  }
}

export function avatarAddress(user) {
  return user.avatar ? `/cdn/avatars/${user.id}/${user.avatar}.png?size=80` : null;
}

export function emojiAddress(emoji) {
  return `/cdn/emojis/${emoji.id}.webp`;
}
