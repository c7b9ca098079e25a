// @ts-check

/** Which rows of a list are selected: by id, so that what arrives or moves selects nothing else. */
export class RowSelection {
  /** The list, from top to bottom. @type {number[]} */
  #order = [];
  /** @type {Set<number>} */
  #ids = new Set();
  /** Where a range begins. @type {number | null} */
  #anchor = null;

  get size() {
    return this.#ids.size;
  }

  /** @param {number} id */
  has(id) {
    return this.#ids.has(id);
  }

  /** @param {number[]} order the list as it is now: what has left it is not selected any more */
  follow(order) {
    this.#order = order;
    if (this.#ids.size === 0) return;
    const there = new Set(order);
    for (const id of this.#ids) if (!there.has(id)) this.#ids.delete(id);
  }

  /** @param {number} id */
  toggle(id) {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    this.#anchor = id;
  }

  /**
   * From the row that was toggled last to this one, all become what this one becomes.
   *
   * @param {number} id
   */
  toggleTo(id) {
    const [from, to] = [this.#anchor ?? id, id].map((one) => this.#order.indexOf(one));
    const range = from < 0 ? [id] : this.#order.slice(Math.min(from, to), Math.max(from, to) + 1);
    const isSelected = !this.#ids.has(id);
    for (const one of range) isSelected ? this.#ids.add(one) : this.#ids.delete(one);
    this.#anchor = id;
  }

  /**
   * As the focus goes from one row to the next: away from where it began, both are selected; on the
   * way back, what is left is not any more.
   *
   * @param {number} from
   * @param {number} to the same at an end of the list
   */
  extend(from, to) {
    if (this.#anchor === null || !this.#ids.has(this.#anchor) || !this.#ids.has(from)) this.#anchor = from;
    const [begun, left, reached] = [this.#anchor, from, to].map((id) => this.#order.indexOf(id));
    if (Math.abs(reached - begun) < Math.abs(left - begun)) this.#ids.delete(from);
    else this.#ids.add(from).add(to);
  }

  /** @returns {boolean} whether anything was selected */
  clear() {
    const had = this.#ids.size > 0;
    this.#ids.clear();
    this.#anchor = null;
    return had;
  }
}
