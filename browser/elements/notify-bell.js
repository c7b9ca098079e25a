// @ts-check
import { drawBadges } from "./badges.js";
import { ClientElement } from "./client-element.js";
import { giveFocusBack } from "../page/dom.js";
import { messages } from "../page/messages.js";
import { showPanel } from "./panel-state.js";
import { loadPanelScript, panelScript, whenIdle } from "../page/panel-script.js";
import { badgeText, say, written } from "../page/translation.js";

/** @typedef {import("../client/types.js").Row} Row */

/** Whether this page's title and icon have shown a number: snapshots of it may still do. */
let hasBadges = false;

/**
 * The bell: how many have arrived unseen since it was opened, and a panel with the newest
 * notifications. Pressing it dispatches `notify-open`; call `preventDefault()` to show something of your own.
 */
class NotifyBell extends ClientElement {
  /** @type {import("./bell-panel.js").BellPanel | null} */
  #panel = null;
  /** @type {import("./arrivals.js").Arrivals | null} */
  #arrivals = null;
  /** What arrived before the script that tells it. @type {Row[]} */
  #untold = [];

  ready() {
    this.#panel = this.#arrivals = null;
    const [bell, panel] = [this.find(".bell"), this.find(".panel")];
    this.listen(bell, ["pointerenter", "focus"], () => this.#madePanel() ?? this.#load());
    this.listen(bell, ["click"], (event) => this.#pressed(event));
    this.listen(panel, ["beforetoggle"], ({ newState }) => newState === "open" ? this.#opens() : giveFocusBack(panel, bell));
    this.listen(panel, ["toggle"], () => this.#toggled());
    this.listen(this.find(".panel-action"), ["click"], () => this.#panel ?? this.#opens());
    this.listen(this.client, ["counts", "change"], () => this.#draw());
    this.listen(this.client, ["notification"], ({ detail }) => this.#arrived(detail));
    this.listen(this.client, ["state"], () => (this.#isOpen || this.#untold.length) && (panelScript() ?? this.#load()));
    if (panel.matches(":popover-open")) { // opened before the script ran
      this.#opens();
      this.#toggled();
    }
    this.#draw();
    whenIdle(() => this.#load());
  }

  #draw() {
    if (!this.client.isLoaded) return; // keep what the server rendered
    const count = this.client.badge;
    const badge = this.find(".badge");
    badge.hidden = count === 0;
    badge.textContent = badgeText(count);
    this.find(".bell").ariaLabel =
      count === 0 ? say("Notifications") : say("Notifications, {count} new", { count: written(count) });
    hasBadges ||= count > 0;
    if (hasBadges) drawBadges(count, this.dataset.icon === "draw");
  }

  /** @param {Event} event */
  #pressed(event) {
    const open = new CustomEvent("notify-open", { bubbles: true, composed: true, cancelable: true });
    if (this.dispatchEvent(open)) return;
    event.preventDefault();
    this.client.opened();
  }

  /** The panel is about to be shown: what is here is drawn now, so that it opens with it. */
  #opens() {
    const panel = this.#madePanel();
    if (panel) return panel.opens();
    showPanel(this, "loading");
    this.#load();
  }

  #toggled() {
    const isOpen = this.#isOpen;
    this.find(".bell").ariaExpanded = String(isOpen);
    if (!isOpen) this.#panel?.closed();
  }

  get #isOpen() {
    return this.find(".panel").matches(":popover-open");
  }

  /** The script with the panel and the toasts. */
  #load() {
    const here = (/** @type {() => void} */ then) => () => this.connected.signal.aborted || then();
    loadPanelScript().then(here(() => this.#loaded()), here(() => this.#failed()));
  }

  #loaded() {
    this.#tell();
    if (this.#isOpen) this.#opens();
  }

  #failed() {
    if (!this.#isOpen) return;
    showPanel(this, "failed", navigator.onLine ? messages.panelFailed : messages.offlineNow, messages.tryAgain);
  }

  /** Not before somebody reaches for the bell: from then on the inbox is kept offline. */
  #madePanel() {
    const script = panelScript();
    if (script) this.#panel ??= new script.BellPanel(this);
    return this.#panel;
  }

  /** @param {Row} row */
  #arrived(row) {
    this.#untold.push(row);
    this.#tell();
  }

  /** What arrived before the script is kept until there is one. */
  #tell() {
    const script = panelScript();
    if (!script) return this.#load();
    this.#arrivals ??= new script.Arrivals(this);
    for (const row of this.#untold.splice(0)) this.#arrivals.take(row);
  }
}

if (!customElements.get("notify-bell")) customElements.define("notify-bell", NotifyBell);
