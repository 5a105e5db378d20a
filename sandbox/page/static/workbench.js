// The side panel: what the bot's process and Wiro are doing, and levers to make things go wrong.

import { pull } from "./actions.js";
import { icon } from "./icons.js";
import { changed, state } from "./store.js";
import { duration } from "./time.js";
import { classMap, html, nothing, repeat } from "./vendor.js";

const PROCESS_WORDS = {
  running: "running",
  starting: "starting…",
  stopping: "stopping…",
  stopped: "stopped",
  crashed: "ended by itself",
};

export function toggleWorkbench() {
  state.workbenchOpen = !state.workbenchOpen;
  changed();
  if (!state.workbenchOpen) document.querySelector("#workbench-button")?.focus();
}

/** The panel, drawn only while it is open. */
export function workbench() {
  if (!state.workbenchOpen || !state.workbench) return nothing;
  const { bot, wiro, faults, waiting } = state.workbench;
  return html`<aside
    class="workbench"
    id="workbench"
    aria-label="Workbench"
    @keydown=${(event) => event.key === "Escape" && toggleWorkbench()}
  >
    <header>
      <h2>${icon("wrench")} Workbench</h2>
      <button class="round" aria-label="Close the workbench" @click=${toggleWorkbench}>
        ${icon("close")}
      </button>
    </header>
    ${botSection(bot)} ${wiroSection(wiro)} ${faultSection(faults, waiting)}
  </aside>`;
}

// ---- the bot -----------------------------------------------------------------------------------------------------

function botSection(bot) {
  return html`<section aria-labelledby="bench-bot">
    <h3 id="bench-bot">Bot</h3>
    <p class="status-line">
      <span class="dot ${state.botConnected ? "good" : "bad"}"></span>
      ${state.botConnected ? "Connected" : "Not connected"}${
        bot.managed
          ? html` <span class="muted">• process ${PROCESS_WORDS[bot.state] ?? bot.state}</span>`
          : nothing
      }
    </p>
    ${
      bot.managed
        ? html`<div class="levers">
              <button class="lever" @click=${() => pull("bot", "restart")}>
                ${icon("replay")} Restart the bot
              </button>
              ${
                bot.state === "stopped" || bot.state === "crashed"
                  ? html`<button class="lever" @click=${() => pull("bot", "start")}>Start the bot</button>`
                  : html`<button class="lever" @click=${() => pull("bot", "stop")}>
                        ${icon("stop")} Stop the bot
                      </button>
                      <button class="lever" @click=${() => pull("bot", "kill")}>
                        ${icon("warning")} Kill the bot
                      </button>`
              }
            </div>
            <details class="bench-log">
              <summary>Last lines of its log</summary>
              <pre tabindex="0">${bot.log.join("\n")}</pre>
            </details>`
        : html`<p class="muted">It was started elsewhere; its settings are on the sandbox's terminal.</p>`
    }
  </section>`;
}

// ---- Wiro --------------------------------------------------------------------------------------------------------

function wiroSection(wiro) {
  return html`<section aria-labelledby="bench-wiro">
    <h3 id="bench-wiro">Wiro</h3>
    <div class="speed" role="group" aria-label="Speed of Wiro's work">
      <span class="muted">Speed</span>
      ${wiro.speeds.map(
        (speed) =>
          html`<button aria-pressed=${String(speed === wiro.speed)} @click=${() => pull("speed", speed)}>
            ${speed}×
          </button>`,
      )}
    </div>
    <dl class="facts">
      ${wiro.facts.map(
        ({ label, value }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <h4>Tasks</h4>
    ${
      wiro.tasks.length
        ? html`<ul class="tasks">
            ${repeat(wiro.tasks, (task) => task.id, wiroTask)}
          </ul>`
        : html`<p class="muted">None yet. They appear here as the bot starts them.</p>`
    }
  </section>`;
}

function wiroTask(task) {
  const percent = Math.round((task.progress ?? 0) * 100);
  return html`<li class=${classMap({ task: true, ended: task.ended, failed: task.ended && !task.succeeded })}>
    <div class="task-name"><b>${task.tool}</b> <span class="muted">${task.id}</span></div>
    ${task.prompt ? html`<div class="task-prompt">${task.prompt}</div>` : nothing}
    <div class="task-state">
      <span>${task.status}</span>
      <span class="muted">${task.elapsed_s === null ? "" : duration(task.elapsed_s)}</span>
    </div>
    ${
      task.ended
        ? nothing
        : html`<div
            class="bar"
            role="progressbar"
            aria-label="Progress of task ${task.id}"
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=${percent}
          >
            <i .style=${`width: ${percent}%`}></i>
          </div>`
    }
  </li>`;
}

// ---- faults ------------------------------------------------------------------------------------------------------

function faultSection(faults, waiting) {
  const groups = [...new Set(faults.map((fault) => fault.group))];
  const armed = faults.filter((fault) => fault.armed).length;
  return html`<section aria-labelledby="bench-faults">
    <h3 id="bench-faults">Make something go wrong</h3>
    <button class="lever all-well" ?disabled=${!armed && !waiting.length} @click=${() => pull("calm", true)}>
      Make all well again
    </button>
    ${groups.map((group) =>
      faultGroup(
        group,
        faults.filter((fault) => fault.group === group),
      ),
    )}
    ${
      waiting.length // below the levers: none of them may move under the pointer when one is pulled
        ? html`<p class="muted">Waiting at Discord:</p>
            <ul class="waiting-faults">
              ${waiting.map((line) => html`<li>${line}</li>`)}
            </ul>`
        : nothing
    }
  </section>`;
}

function faultGroup(group, faults) {
  const common = faults.filter((fault) => fault.common);
  const others = faults.filter((fault) => !fault.common);
  return html`<h4>${group}</h4>
    <div class="levers">${common.map(faultButton)}</div>
    ${
      others.length
        ? html`<details class="more-faults">
            <summary>${others.length} more</summary>
            <div class="levers">${others.map(faultButton)}</div>
          </details>`
        : nothing
    }`;
}

function faultButton(fault) {
  return html`<button
    class="lever"
    aria-pressed=${String(fault.armed)}
    title=${fault.armed ? "Press to take it back" : "Press to arm it"}
    @click=${() => pull("fault", { id: fault.id, on: !fault.armed })}
  >
    ${fault.label}${fault.armed ? html`<span class="armed">${fault.left === null ? "on" : `next ${fault.left}`}</span>` : nothing}
  </button>`;
}
