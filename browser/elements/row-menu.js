// @ts-check
// The menu of a row: mute what it is about, or ask why it came. Loaded when somebody wants it.
import { HttpError } from "../client/http.js";
import { categoryLabel } from "../page/categories.js";
import { clone, giveFocusBack, part } from "../page/dom.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { placeBeside } from "../page/placing.js";

/** @typedef {import("../client/types.js").Row} Row */

/**
 * @typedef {object} Why
 * @property {string | null} reason_text
 * @property {string} place
 * @property {{ value: boolean, decided_by: string, scope: string | null, text: string }} rule
 */

/**
 * What of a row can be muted: the names that the API has for it, and what people see.
 *
 * @param {Row} row
 * @returns {Record<"thing" | "actor" | "category", { target: string, name: string } | null>}
 */
export function targetsOf({ about, actor, category }) {
  return {
    thing: about ? { target: `thing:${about.type}:${about.id}`, name: "" } : null,
    actor: actor && { target: `actor:${actor.id}`, name: actor.name },
    category: category ? { target: `category:${category}`, name: categoryLabel(category) } : null,
  };
}

/** One for each list of rows: a popover with three pages, of which one is shown. */
export class RowMenu {
  #element;
  #snackbar;
  #menu;
  /** @type {Promise<unknown>} the stylesheet has come */
  #styled;
  /** @type {HTMLElement} */
  #from;
  #row = /** @type {Row} */ (/** @type {unknown} */ (null));
  /** What is muted once it is said for how long. */
  #target = "";

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {Element} place
   * @param {import("../page/snackbar.js").Snackbar} snackbar
   */
  constructor(element, place, snackbar) {
    this.#element = element;
    this.#snackbar = snackbar;
    const copy = clone(/** @type {ShadowRoot} */ (element.shadowRoot), "row-menu");
    this.#menu = part(copy, ".row-menu");
    this.#from = this.#menu;
    const sheet = part(copy, "link");
    this.#styled = new Promise((resolve) => ["load", "error"].forEach((type) => sheet.addEventListener(type, resolve)));
    place.append(copy);
    this.#listen();
  }

  /**
   * @param {Row} row
   * @param {HTMLElement} from
   * @param {import("./row-more.js").Start} start
   */
  async open(row, from, start) {
    await this.#styled;
    if (this.#menu.matches(":popover-open")) this.#menu.hidePopover();
    if (!from.isConnected) return; // gone while the script was loading
    this.#row = row;
    this.#from = from;
    this.#offer();
    this.#menu.showPopover();
    from.ariaExpanded = from.ariaHasPopup ? "true" : null;
    if (start === "why") this.#why();
    else this.#show("menu", start === "mute" ? "[data-mute]:not([hidden])" : "[role=menuitem]");
  }

  #listen() {
    this.#menu.addEventListener("click", ({ target }) => {
      const button = target instanceof Element && target.closest("button");
      if (button) this.#pressed(button);
    });
    this.#menu.addEventListener("keydown", (event) => this.#key(event));
    this.#menu.addEventListener("beforetoggle", (event) => /** @type {ToggleEvent} */ (event).newState === "closed" && this.#closed());
    const place = () => {
      if (!this.#menu.matches(":popover-open")) return;
      if (this.#from.isConnected) placeBeside(this.#menu, this.#from);
      else this.#menu.hidePopover(); // its row has gone
    };
    this.#element.listen(window, ["resize"], place);
    this.#element.listen(document, ["scroll"], place);
    this.#menu.parentElement?.addEventListener("scroll", place);
  }

  /** Shows what of this row can be muted, under its names. */
  #offer() {
    const targets = targetsOf(this.#row);
    for (const [what, found] of Object.entries(targets)) {
      const item = this.#find(`[data-mute=${what}]`);
      item.hidden = found === null;
      if (!found) continue;
      item.dataset.target = found.target;
      if (item.dataset.text) item.textContent = item.dataset.text.replace("{name}", () => found.name);
    }
    this.#find("[role=group]").hidden = Object.values(targets).every((found) => found === null);
  }

  /**
   * @param {"menu" | "times" | "why"} page
   * @param {string} focused the selector of what gets the focus
   */
  #show(page, focused) {
    for (const one of this.#menu.children) /** @type {HTMLElement} */ (one).hidden = /** @type {HTMLElement} */ (one).dataset.page !== page;
    placeBeside(this.#menu, this.#from);
    const found = this.#page.querySelector(focused) ?? this.#items[0];
    /** @type {HTMLElement | undefined} */ (found)?.focus({ preventScroll: true });
  }

  /** @param {HTMLButtonElement} button */
  #pressed({ dataset }) {
    if (dataset.do === "why") this.#why();
    else if (dataset.do === "back") this.#show("menu", `[data-target="${CSS.escape(this.#target)}"]`);
    else if (dataset.do === "close") this.#menu.hidePopover();
    else if (dataset.target) this.#chose(dataset.target);
    else if (dataset.seconds !== undefined) {
      this.#menu.hidePopover();
      void this.#mute(this.#target, Number(dataset.seconds) || null, dataset.done ?? "");
    }
  }

  /** @param {string} target */
  #chose(target) {
    this.#target = target;
    this.#find(".row-menu-what").textContent = this.#find(`[data-target="${CSS.escape(target)}"]`).textContent;
    this.#show("times", "[data-seconds]");
  }

  /**
   * @param {string} target
   * @param {number | null} seconds null: for ever
   * @param {string} done what is said of it
   */
  async #mute(target, seconds, done) {
    const { client } = this.#element;
    await this.#tried(async () => {
      const before = (await client.ask("mutes/")).mutes.find((/** @type {any} */ mute) => mute.target === target);
      const { id } = await client.ask("mutes/", "POST", { target, seconds });
      const undo = () => this.#tried(async () => {
        if (before) await client.ask("mutes/", "POST", { target, until: before.until });
        else await client.ask(`mutes/${id}/`, "DELETE");
      });
      this.#snackbar.show(done, { label: inboxMessages.undo, run: () => void undo() });
    });
  }

  /** @param {() => Promise<void>} request */
  async #tried(request) {
    try {
      await request();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#snackbar.show(inboxMessages.refused);
    }
  }

  /** Asks the server, which alone knows. */
  #why() {
    const { id } = this.#row;
    this.#tell("loading");
    this.#show("why", ".row-menu-title");
    this.#element.client.ask(`inbox/${id}/why/`).then(
      (found) => this.#row.id === id && this.#explain(found),
      (error) => {
        if (!(error instanceof HttpError)) throw error;
        if (this.#row.id === id) this.#tell("failed");
      },
    );
  }

  /** @param {Why} found */
  #explain({ reason_text: reason, place, rule }) {
    this.#tell("known");
    const { dataset } = this.#find(".row-menu-known");
    this.#find(".row-menu-reason").textContent = reason ?? "";
    this.#find(".row-menu-rule").textContent = `${dataset[rule.value ? "on" : "off"]}. ${rule.text}.`;
    this.#find(".row-menu-place").textContent = dataset[place] ?? "";
    const { kind, category } = this.#row;
    const muted = rule.decided_by === "muted" ? rule.scope : null;
    const link = /** @type {HTMLAnchorElement} */ (this.#find("a"));
    link.hash = String(new URLSearchParams({ ...(muted && { muted }), kind, category }));
    placeBeside(this.#menu, this.#from);
  }

  /** @param {"loading" | "failed" | "known"} state */
  #tell(state) {
    const page = this.#find("[data-page=why]");
    page.dataset.state = state;
    const status = this.#find(".row-menu-state");
    status.textContent = status.dataset[state] ?? "";
  }

  /** @param {KeyboardEvent} event what happens in here is no shortcut of the list */
  #key(event) {
    event.stopPropagation();
    const { key } = event;
    const items = this.#items;
    const at = items.indexOf(/** @type {HTMLElement} */ (event.target));
    const isRtl = getComputedStyle(this.#menu).direction === "rtl";
    if (key === "Tab" && this.#page.role === "menu") this.#menu.hidePopover();
    else if (this.#page.role !== "menu" || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (key === "ArrowUp") items.at(at <= 0 ? -1 : at - 1)?.focus();
    else if (key === "Home") items[0]?.focus();
    else if (key === "End") items.at(-1)?.focus();
    else if (key === (isRtl ? "ArrowRight" : "ArrowLeft") && this.#page.dataset.page === "times") this.#show("menu", `[data-target="${CSS.escape(this.#target)}"]`);
    else if (key === (isRtl ? "ArrowLeft" : "ArrowRight") && items[at]?.ariaHasPopup) items[at].click();
    else return;
    event.preventDefault();
  }

  #closed() {
    if (this.#from.ariaExpanded) this.#from.ariaExpanded = "false";
    giveFocusBack(this.#menu, this.#from);
  }

  /** The page that is shown. */
  get #page() {
    return this.#find("[data-page]:not([hidden])");
  }

  /** What the arrows go through. */
  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.#page.querySelectorAll("[role=menuitem]")]).filter((item) => item.checkVisibility());
  }

  /** @param {string} selector */
  #find(selector) {
    return part(this.#menu, selector);
  }
}
