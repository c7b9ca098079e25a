// @ts-check
import { ClientElement } from "./client-element.js";
import { clone, part, write } from "../page/dom.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { watch } from "../page/watch.js";

/**
 * @typedef {object} OwnSocket
 * @property {string} id
 * @property {string} device
 * @property {number} age seconds
 * @property {number | null} latency seconds
 * @property {boolean} this whether it is this browser's
 */

/** The sockets of the signed-in user, and "Disconnect". Watched while somebody looks. */
export class NotifySockets extends ClientElement {
  #closed = 0;

  ready() {
    this.listen(part(this, "ul"), ["click"], ({ target }) => this.#close(target));
    this.listen(document, ["visibilitychange"], () => look(true));
    this.listen(this.client, ["state"], () => (this.#drawState(), look(true))); // a new socket is not in the list yet
    const look = watch("sockets", this.connected.signal, {
      figures: (sockets) => this.#draw(sockets),
      isLookedAt: () => document.visibilityState === "visible",
    });
    this.#drawState();
  }

  /** Without a socket of its own, a page knows of none. */
  #drawState() {
    const isLive = this.client.status.state === "live";
    part(this, "ul").hidden = !isLive;
    part(this, ".help").hidden = isLive;
  }

  /** @param {OwnSocket[]} sockets */
  #draw(sockets) {
    const list = part(this, "ul");
    const rows = new Map([...list.children].map((row) => [row.getAttribute("data-id"), row]));
    const drawn = sockets.map((socket) => this.#row(socket, rows.get(socket.id) ?? this.#newRow(socket.id)));
    if (drawn.some((row, at) => row !== list.children[at]) || drawn.length !== list.children.length) {
      list.replaceChildren(...drawn);
    }
  }

  /** @param {string} id */
  #newRow(id) {
    const row = /** @type {Element} */ (clone(document, "notify-socket").firstElementChild);
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
    const facts = [inboxMessages.age(age), latency === null ? "" : inboxMessages.latency(latency * 1000)];
    if (isOurs) facts.unshift(inboxMessages.thisBrowser);
    write(row.querySelector(".device"), device || inboxMessages.unknownDevice);
    write(row.querySelector(".facts"), facts.filter(Boolean).join(" · "));
    row.querySelector("button")?.toggleAttribute("hidden", isOurs);
    return row;
  }
}
