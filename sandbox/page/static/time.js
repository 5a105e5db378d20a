// Times as people read them.

const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

// The letters of `<t:seconds:letter>`.
const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const clock = new Intl.DateTimeFormat("en-US", { timeStyle: "short" });
const dayAndClock = new Intl.DateTimeFormat("en-US", { dateStyle: "short", timeStyle: "short" });
const longDay = new Intl.DateTimeFormat("en-US", { dateStyle: "long" });

/** `<t:…>` as text: "in 20 seconds" for R, else a date or a time. */
export function timestamp(unixS, letter) {
  if (letter !== "R")
    return new Intl.DateTimeFormat("en-US", STYLES[letter] ?? STYLES.f).format(unixS * 1000);
  const ahead = unixS - Date.now() / 1000;
  const [unit, length] = STEPS.find(([, seconds]) => Math.abs(ahead) >= seconds) ?? ["second", 1];
  return relative.format(Math.round(ahead / length), unit);
}

/** When a message was sent: the time alone today, with the day before that. */
export function sentAt(iso) {
  const date = new Date(iso);
  return isSameDay(date, new Date()) ? clock.format(date) : dayAndClock.format(date);
}

export function clockTime(iso) {
  return clock.format(new Date(iso));
}

export function dayName(iso) {
  return longDay.format(new Date(iso));
}

export function isSameDay(a, b) {
  return a.toDateString() === b.toDateString();
}

/** "0:07", "1:12:00". */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}
