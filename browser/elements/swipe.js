// @ts-check
const BEGUN_PX = 10; // until then it may become a scroll or a tap
const EDGE_PX = 24; // where the browser's own "back" begins
const ENOUGH = 0.25; // of the row's width
const MOST_PX = 120;

/** @typedef {"left" | "right"} Side */

/**
 * Rows that a finger moves aside: far enough, it is the same as pressing a button. While a row is
 * moved, `data-swipe` says in words what it does.
 */
export class Swipe {
  #intents;
  /** @type {{ row: HTMLElement, x: number, y: number, by: number } | null} */
  #held = null;
  #isSwiping = false;

  /**
   * @param {HTMLElement} list
   * @param {object} intents
   * @param {(row: HTMLElement, side: Side) => string} intents.word empty: not to this side
   * @param {(row: HTMLElement, side: Side) => void} intents.done
   */
  constructor(list, intents) {
    this.#intents = intents;
    list.addEventListener("pointerdown", (event) => this.#down(event));
    list.addEventListener("pointermove", (event) => this.#move(event));
    list.addEventListener("pointerup", () => this.#up());
    list.addEventListener("pointercancel", () => this.#letGo());
    list.addEventListener("click", (event) => this.#isSwiping && (event.preventDefault(), event.stopPropagation()), { capture: true });
  }

  /** @param {PointerEvent} event */
  #down({ pointerType, isPrimary, target, clientX: x, clientY: y }) {
    this.#letGo();
    this.#isSwiping = false;
    const row = target instanceof Element ? target.closest("article") : null;
    if (pointerType !== "touch" || !isPrimary || !row || x < EDGE_PX || x > innerWidth - EDGE_PX) return;
    this.#held = { row, x, y, by: 0 };
  }

  /** @param {PointerEvent} event */
  #move({ pointerId, clientX, clientY }) {
    const held = this.#held;
    if (!held) return;
    const by = clientX - held.x;
    if (!this.#isSwiping) {
      if (Math.abs(clientY - held.y) > Math.max(BEGUN_PX, Math.abs(by))) return this.#letGo();
      if (Math.abs(by) < BEGUN_PX) return;
      this.#isSwiping = true;
      held.row.setPointerCapture(pointerId);
    }
    const side = by > 0 ? "right" : "left";
    const word = this.#intents.word(held.row, side);
    held.by = word ? by : 0;
    held.row.dataset.swipe = word;
    held.row.dataset.side = side;
    held.row.toggleAttribute("data-enough", this.#isEnough);
    held.row.style.setProperty("--_swipe", `${held.by}px`);
  }

  #up() {
    const held = this.#held;
    const isDone = this.#isSwiping && this.#isEnough;
    this.#letGo();
    if (held && isDone) this.#intents.done(held.row, held.by > 0 ? "right" : "left");
  }

  #letGo() {
    const row = this.#held?.row;
    this.#held = null;
    if (!row) return;
    for (const name of ["data-swipe", "data-side", "data-enough"]) row.removeAttribute(name);
    row.style.removeProperty("--_swipe");
  }

  get #isEnough() {
    const { row, by } = this.#held ?? { row: null, by: 0 };
    return row !== null && Math.abs(by) >= Math.min(MOST_PX, row.offsetWidth * ENOUGH);
  }
}
