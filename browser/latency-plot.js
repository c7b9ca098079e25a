// @ts-check
const SHOWN = 30;
const WIDTH = 120;
const HEIGHT = 32;
const LEAST_TOP_MS = 20; // below it, all is as good as level

/** The last round trips as a line, in an `<svg viewBox="0 0 120 32">` with a polyline. */
export class LatencyPlot {
  #svg;
  #line;
  /** @type {number[]} milliseconds, oldest first */
  #measured = [];

  /** @param {Element} svg */
  constructor(svg) {
    this.#svg = svg;
    this.#line = /** @type {Element} */ (svg.querySelector("polyline"));
  }

  /** @param {number} ms */
  add(ms) {
    this.#measured = [...this.#measured, ms].slice(-SHOWN);
    this.#line.setAttribute("points", pointsOf(this.#measured));
    this.#svg.toggleAttribute("hidden", this.#measured.length < 2);
  }
}

/**
 * @param {number[]} measured
 * @returns {string} newest at the right edge
 */
export function pointsOf(measured) {
  const top = Math.max(LEAST_TOP_MS, ...measured);
  const step = WIDTH / (SHOWN - 1);
  const start = WIDTH - (measured.length - 1) * step;
  return measured
    .map((ms, at) => `${(start + at * step).toFixed(1)},${(HEIGHT - 2 - (ms / top) * (HEIGHT - 4)).toFixed(1)}`)
    .join(" ");
}
