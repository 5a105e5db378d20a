// The page of the sandbox: events come in, the store changes, the page is drawn.

import { followJump, start } from "./actions.js";
import { movesWithTime } from "./markdown.js";
import { foldAway } from "./selects.js";
import { restoreTheme, shell } from "./shell.js";
import { changed, onChange, state } from "./store.js";
import { render } from "./vendor.js";

const TICK_MS = 1000;

restoreTheme();
onChange(() => render(shell(), document.body));
document.addEventListener("pointerdown", foldAway);
document.addEventListener("click", followJump);
// A file that is dropped beside its field would take the page's place.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
setInterval(() => {
  if (!document.hidden && (state.workbenchOpen || movesWithTime())) changed();
}, TICK_MS);
changed();
start();
