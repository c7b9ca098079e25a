// @ts-check
import { ClientElement } from "./client-element.js";
import { messages } from "./messages.js";

const ASK_EVERY_MS = 10_000; // another tab of ours, going away, may have ended it for all

/**
 * @typedef {object} OwnSocket
 * @property {string} id
 * @property {string} device
 * @property {number} age seconds
 * @property {number | null} latency seconds
 * @property {boolean} this whether it is this browser's
 */

/** The sockets of the signed-in user, and "close this one". Watched while somebody looks. */
export class NotifySockets extends ClientElement {
  #closed = 0;

  ready() {
    const details = this.closest("details");
    if (details) {
      details.open = matchMedia("(min-width: 1100px)").matches;
      this.listen(details, ["toggle"], () => this.#watch());
    }
    this.listen(/** @type {HTMLElement} */ (this.querySelector("ul")), ["click"], ({ target }) => this.#close(target));
    this.listen(this.client, ["state"], () => this.#watch());
    this.listen(document, ["visibilitychange"], () => this.#watch());
    this.listen(this.client, ["figures"], ({ detail }) => {
      if (detail.topic === "sockets") this.#draw(detail.data);
    });
    this.every(() => this.#watch(), ASK_EVERY_MS);
    this.connected.signal.addEventListener("abort", () => this.client.send({ type: "unwatch", topic: "sockets" }));
    this.#watch();
  }

  #watch() {
    const isLookedAt = document.visibilityState === "visible" && this.checkVisibility();
    this.client.send({ type: isLookedAt ? "watch" : "unwatch", topic: "sockets" });
  }

  /** @param {OwnSocket[]} sockets */
  #draw(sockets) {
    const list = /** @type {HTMLElement} */ (this.querySelector("ul"));
    const rows = new Map([...list.children].map((row) => [row.getAttribute("data-id"), row]));
    const drawn = sockets.map((socket) => this.#row(socket, rows.get(socket.id) ?? this.#newRow(socket.id)));
    if (drawn.some((row, at) => row !== list.children[at]) || drawn.length !== list.children.length) {
      list.replaceChildren(...drawn);
    }
  }

  /** @param {string} id */
  #newRow(id) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("notify-socket"));
    const row = /** @type {Element} */ (template.content.firstElementChild?.cloneNode(true));
    row.setAttribute("data-id", id);
    return row;
  }

  /** @param {Element} pressed */
  #close(pressed) {
    const id = pressed.closest("button")?.closest("li")?.dataset.id;
    if (!id) return;
    this.#closed += 1;
    this.client.send({ type: "close_socket", ref: `close-${id}-${this.#closed}`, id });
  }

  /**
   * @param {OwnSocket} socket
   * @param {Element} row
   */
  #row({ device, age, latency, this: isOurs }, row) {
    const facts = [messages.age(age), latency === null ? "" : messages.latency(latency * 1000)];
    if (isOurs) facts.unshift(messages.thisBrowser);
    write(row.querySelector(".device"), device || messages.unknownDevice);
    write(row.querySelector(".facts"), facts.filter(Boolean).join(" · "));
    row.querySelector("button")?.toggleAttribute("hidden", isOurs);
    return row;
  }
}

/**
 * @param {Element | null} element
 * @param {string} text
 */
function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
