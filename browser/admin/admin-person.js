// @ts-check
import "./admin-titles.js";
import { part, write } from "../page/dom.js";
import { watch } from "../page/watch.js";

/** @typedef {{ id: string, device: string, age: number, latency: number | null }} Socket */

/** Whether a person is online, and with which devices; every server reports once a second. */
class NotifyPerson extends HTMLElement {
  #left = new AbortController();

  connectedCallback() {
    this.#left = new AbortController();
    watch(this.dataset.topic ?? "", this.#left.signal, {
      figures: (sockets) => this.#draw(sockets),
      silent: () => this.#say("unknown"),
    });
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  /** @param {Socket[]} sockets */
  #draw(sockets) {
    this.#say(sockets.length ? "online" : "offline");
    const list = part(this, ".notify-devices");
    list.hidden = sockets.length === 0;
    const lines = sockets.map((socket) => this.#line(socket));
    list.replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }

  /** @param {"online" | "offline" | "unknown"} what */
  #say(what) {
    const status = part(this, ".notify-online");
    write(status, status.dataset[what] ?? "");
    status.dataset.state = what;
  }

  /** @param {Socket} socket */
  #line({ device, age, latency }) {
    const kind = latency === null ? ".notify-device-new" : ".notify-device";
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector(kind));
    const values = { device: device || "?", age: Math.round(age), latency: Math.round((latency ?? 0) * 1000) };
    return Object.entries(values).reduce(
      (text, [name, value]) => text.replace(`{${name}}`, () => String(value)),
      template.content.textContent ?? "",
    );
  }
}

if (!customElements.get("notify-person")) customElements.define("notify-person", NotifyPerson);
