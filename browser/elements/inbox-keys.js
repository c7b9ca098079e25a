// @ts-check
import { pageConfig } from "../page/page-config.js";
import { setShortcuts, shortcutsAreOn } from "../page/preferences.js";

const TYPED_INTO = "input:not([type=checkbox]), textarea, select, [contenteditable]:not([contenteditable=false])";

/**
 * @typedef {object} Deeds What keys can do.
 * @property {(step: 1 | -1) => void} move
 * @property {() => boolean} open false where no row has the focus
 * @property {() => boolean} select the row that has the focus, or not any more; false where none has it
 * @property {(step: 1 | -1) => boolean} extend the selection to the next row; false where none has the focus
 * @property {() => boolean} clear the selection; false where there is none
 * @property {() => void} archive what is selected, else the row that has the focus; the same of the next one
 * @property {(step: number) => boolean} edge the first or the last row; false where no row has the focus
 * @property {() => void} toggleRead
 * @property {() => void} mute what can be muted of the row that has the focus
 * @property {() => void} why the row that has the focus came
 * @property {() => void} readAll
 * @property {() => boolean} undo the last mark; false where none can be taken back
 * @property {() => void} search
 * @property {() => void} help before the list of keys opens
 * @property {() => void} leave
 */

/**
 * Keyboard shortcuts of an inbox: anywhere on the dashboard, elsewhere only while the focus is in the
 * inbox. They can be turned off, for users of speech input (WCAG 2.1.4).
 */
export class InboxKeys {
  #element;
  #deeds;
  #atHome = location.pathname === pageConfig().inbox;

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {Deeds} deeds
   */
  constructor(element, deeds) {
    this.#element = element;
    this.#deeds = deeds;
    const toggle = /** @type {HTMLInputElement} */ (element.find(".keys-switch input"));
    toggle.checked = shortcutsAreOn();
    element.listen(toggle, ["change"], () => setShortcuts(toggle.checked));
    element.listen(element.find(".keys-button"), ["click"], () => this.#open());
    element.listen(element.find(".keys-close"), ["click"], () => this.#help.close());
    element.listen(document, ["keydown"], (event) => this.#pressed(event));
  }

  #open() {
    this.#deeds.help();
    this.#help.showModal();
  }

  get #help() {
    return /** @type {HTMLDialogElement} */ (/** @type {unknown} */ (this.#element.find(".keys")));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const path = event.composedPath();
    const isInside = path.includes(this.#element);
    if (this.#help.open || !(isInside || this.#mayRoam(path))) return;
    const from = path[0];
    const isTyping = from instanceof Element && from.matches(TYPED_INTO);
    if (isTyping && event.key !== "Escape") return;
    if (isTyping && !isInside) return;
    if (this.#isOn(event.key) && this.#do(event)) event.preventDefault();
  }

  /**
   * The focus is outside the inbox, and nothing else uses the keys.
   *
   * @param {EventTarget[]} path
   */
  #mayRoam(path) {
    return this.#atHome && !path.some((part) => part instanceof Element && part.matches("dialog, [popover], [role=dialog]"));
  }

  /** @param {string} key the feed pattern's own keys are no shortcuts: they cannot be switched off */
  #isOn(key) {
    return key.length > 1 || shortcutsAreOn();
  }

  /** @param {KeyboardEvent} event */
  #do({ key, shiftKey, target }) {
    const deeds = this.#deeds;
    switch (key) {
      case "j": return done(deeds.move(1));
      case "k": return done(deeds.move(-1));
      case "PageDown": return target === this.#element && done(deeds.move(1));
      case "PageUp": return target === this.#element && done(deeds.move(-1));
      case "Home": return target === this.#element && deeds.edge(-Infinity);
      case "End": return target === this.#element && deeds.edge(Infinity);
      case "Enter": return deeds.open();
      case "x": return deeds.select();
      case "ArrowDown": return shiftKey && deeds.extend(1);
      case "ArrowUp": return shiftKey && deeds.extend(-1);
      case "e": return done(deeds.archive());
      case "u": return done(deeds.toggleRead());
      case "m": return done(deeds.mute());
      case "w": return done(deeds.why());
      case "A": return shiftKey && done(deeds.readAll());
      case "z": return deeds.undo();
      case "/": return done(deeds.search());
      case "?": return done(this.#open());
      case "Escape": return target === this.#element ? done(deeds.leave()) : deeds.clear();
      default: return false;
    }
  }
}

/** @param {void} _nothing */
function done(_nothing) {
  return true;
}
