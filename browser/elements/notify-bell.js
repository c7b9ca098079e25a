// @ts-check
import { Arrivals } from "./arrivals.js";
import { drawBadges } from "./badges.js";
import { BellPanel } from "./bell-panel.js";
import { ClientElement } from "./client-element.js";
import { badgeText, say, written } from "../page/translation.js";

/** Whether this page's title and icon have shown a number: snapshots of it may still do. */
let hasBadges = false;

/**
 * The bell: the unseen count, and a panel with the newest notifications. Pressing it dispatches
 * `notify-open`; call `preventDefault()` to show something of your own.
 */
class NotifyBell extends ClientElement {
  /** @type {BellPanel | null} */
  #panel = null;
  /** @type {Arrivals | null} */
  #arrivals = null;

  ready() {
    this.#panel = this.#arrivals = null;
    const bell = this.find(".bell");
    this.listen(bell, ["pointerenter", "focus"], () => this.#madePanel());
    this.listen(bell, ["click"], (event) => this.#pressed(event));
    this.listen(this.find(".panel"), ["toggle"], () => this.#toggled());
    if (this.find(".panel").matches(":popover-open")) this.#toggled(); // opened before the script ran
    this.listen(this.client, ["counts", "change"], () => this.#draw());
    this.listen(this.client, ["notification"], ({ detail }) => this.#arrived(detail));
    this.#draw();
  }

  #draw() {
    if (!this.client.isLoaded) return; // keep what the server rendered
    const { unseen } = this.client;
    const badge = this.find(".badge");
    badge.hidden = unseen === 0;
    badge.textContent = badgeText(unseen);
    this.find(".bell").ariaLabel =
      unseen === 0 ? say("Notifications") : say("Notifications, {count} new", { count: written(unseen) });
    hasBadges ||= unseen > 0;
    if (hasBadges) drawBadges(unseen, this.dataset.icon === "draw");
  }

  /** @param {Event} event */
  #pressed(event) {
    const open = new CustomEvent("notify-open", { bubbles: true, composed: true, cancelable: true });
    if (!this.dispatchEvent(open)) event.preventDefault();
    this.client.markAll("seen");
  }

  #toggled() {
    const isOpen = this.find(".panel").matches(":popover-open");
    this.find(".bell").ariaExpanded = String(isOpen);
    // Browsers restore the focus themselves, but not out of every shadow root.
    if (!isOpen && [document.body, this].includes(/** @type {any} */ (document.activeElement))) this.find(".bell").focus();
    this.#madePanel().toggled(isOpen);
  }

  /** Not before somebody reaches for the bell: from then on the inbox is kept offline. */
  #madePanel() {
    this.#panel ??= new BellPanel(this);
    return this.#panel;
  }

  /** @param {import("../client/types.js").Row} row */
  #arrived(row) {
    this.#arrivals ??= new Arrivals(this);
    this.#arrivals.take(row);
  }
}

if (!customElements.get("notify-bell")) customElements.define("notify-bell", NotifyBell);
