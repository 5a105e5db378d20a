// One WebSocket to the sandbox: events come in, requests go out and are answered by number.

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 4000;

export class Connection {
  #onEvent;
  #onStatus;
  #socket = null;
  #person = null;
  #fresh = true; // the first connection after the page was loaded
  #wait = FIRST_WAIT_MS;
  #number = 0;
  #waiting = new Map();

  constructor({ onEvent, onStatus }) {
    this.#onEvent = onEvent;
    this.#onStatus = onStatus;
  }

  /** Connects as a person, leaving the connection of the person before. */
  open(person) {
    this.#person = person;
    const before = this.#socket;
    this.#socket = null;
    before?.close();
    this.#dial();
  }

  /** Sends one request; resolves with its value, rejects with a sentence for the person. */
  request(action, body = {}) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Error("The sandbox is not reachable. Is it still running?"));
        return;
      }
      this.#number += 1;
      this.#waiting.set(this.#number, { resolve, reject });
      this.#socket.send(JSON.stringify({ number: this.#number, action, ...body }));
    });
  }

  #dial() {
    const address = new URL(`/sandbox/ws?as=${encodeURIComponent(this.#person)}`, location.href);
    if (this.#fresh) address.searchParams.set("fresh", "yes");
    this.#fresh = false;
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = FIRST_WAIT_MS;
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#receive(JSON.parse(data));
    };
    socket.onclose = () => this.#lost(socket);
  }

  #receive({ t, d }) {
    if (t !== "RESULT") {
      this.#onEvent(t, d);
      return;
    }
    const waiting = this.#waiting.get(d.number);
    this.#waiting.delete(d.number);
    if (d.error) waiting?.reject(new Error(d.error));
    else waiting?.resolve(d.value);
  }

  #lost(socket) {
    if (socket !== this.#socket) return; // another one took its place on purpose
    for (const { reject } of this.#waiting.values())
      reject(new Error("The sandbox went away before it answered."));
    this.#waiting.clear();
    this.#onStatus("lost");
    setTimeout(() => {
      if (socket === this.#socket) this.#dial();
    }, this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}

/** Hands a file to the sandbox; resolves with the id by which a request names it. */
export async function upload(file) {
  const answer = await fetch(`/sandbox/files?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).id;
}
