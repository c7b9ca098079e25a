// @ts-check
import { part } from "./dom.js";
import { numberText } from "./operations-value.js";

const SECONDS = 600;
const HOLE_S = 15; // without a value, the line breaks
const WIDTH = 240;
const HEIGHT = 48;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{ at: number, value: number | null }} Point */

/** One figure over the last ten minutes: a line, its number, and its most. Times are in seconds. */
export class Plot {
  name;
  #unit;
  #output;
  #line;
  #most;
  /** @type {Point[]} */
  #live = [];
  /** @type {Point[]} */
  #past = [];

  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.name = figure.dataset.plot ?? "";
    this.#unit = figure.dataset.unit ?? "";
    this.#output = part(figure, "output");
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true"); // its number is beside it
    this.#line = document.createElementNS(SVG, "path");
    this.#line.setAttribute("vector-effect", "non-scaling-stroke");
    svg.append(this.#line);
    this.#most = Object.assign(document.createElement("small"), { ariaHidden: "true" });
    figure.append(svg, this.#most);
  }

  /**
   * What the servers remember from before this page was opened.
   *
   * @param {(number | null)[]} values five seconds apart, the oldest first
   * @param {number} step
   * @param {number} now
   */
  remember(values, step, now) {
    const first = this.#live[0]?.at ?? now;
    const points = values.map((value, n) => ({ at: now - (values.length - 1 - n) * step, value }));
    this.#past = points.filter(({ at, value }) => value !== null && at < first);
  }

  /**
   * @param {number | null} value
   * @param {number} now
   */
  add(value, now) {
    const isInWindow = (/** @type {Point} */ { at }) => now - at <= SECONDS;
    this.#live = [...this.#live, { at: now, value }].filter(isInWindow);
    this.#past = this.#past.filter(isInWindow);
    const points = [...this.#past, ...this.#live];
    const most = Math.max(this.#unit === "ms" ? 0.001 : 1, ...points.map((one) => one.value ?? 0));
    this.#output.textContent = this.#text(value);
    this.#most.textContent = this.#text(most);
    this.#line.setAttribute("d", path(points, now, most));
  }

  /** @param {number | null} value */
  #text(value) {
    if (value === null) return "–";
    return this.#unit === "ms" ? `${numberText(value * 1000)} ms` : numberText(value);
  }
}

/**
 * @param {Point[]} points oldest first
 * @param {number} now
 * @param {number} most
 */
function path(points, now, most) {
  let last = -Infinity;
  return points
    .filter(({ value }) => value !== null)
    .map(({ at, value }) => {
      const x = (WIDTH - ((now - at) / SECONDS) * WIDTH).toFixed(1);
      const y = (HEIGHT - 2 - ((value ?? 0) / most) * (HEIGHT - 4)).toFixed(1);
      const step = at - last > HOLE_S ? "M" : "L";
      last = at;
      return `${step}${x},${y}`;
    })
    .join("");
}
