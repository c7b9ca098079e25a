// @ts-check
import { part, write } from "./dom.js";
import { numberText } from "./operations-value.js";
import { pageLanguage } from "./page-language.js";

const SECONDS = 600;
const HOLE_S = 15; // without a value, the line breaks
const SENT_BEFORE_S = 120; // what is seen at a time was sent in the two minutes before
const SENT_AFTER_S = 10; // servers' clocks differ
const WIDTH = 240;
const HEIGHT = 48;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{ at: number, value: number | null }} Point */

/**
 * One figure over the last ten minutes: a line, its number, and its most. Where the template has a
 * link for it, the most leads to the notices that were sent then. Times are in seconds.
 */
export class Plot {
  name;
  #unit;
  #output;
  #line;
  #most;
  #link;
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
    this.#most = part(figure, ".most");
    this.#link = /** @type {HTMLAnchorElement | null} */ (figure.querySelector("a"));
    figure.append(svg);
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
    const highest = points.reduce((one, other) => ((other.value ?? 0) > (one.value ?? 0) ? other : one));
    const most = Math.max(this.#unit === "ms" ? 0.001 : 1, highest.value ?? 0);
    this.#output.textContent = this.#text(value);
    this.#most.textContent = `≤ ${this.#text(most)}`;
    if (this.#link) this.#lead(this.#link, Date.now() / 1000 - (now - highest.at), highest.value);
    this.#line.setAttribute("d", path(points, now, most));
  }

  /**
   * @param {HTMLAnchorElement} link
   * @param {number} at since 1970
   * @param {number | null} value
   */
  #lead(link, at, value) {
    link.hidden = !value;
    const query = new URLSearchParams({ sent_from: moment(at - SENT_BEFORE_S), sent_to: moment(at + SENT_AFTER_S) });
    link.href = `${link.dataset.href}?${query}`;
    write(part(link, ".at"), new Date(at * 1000).toLocaleTimeString(pageLanguage()));
  }

  /** @param {number | null} value */
  #text(value) {
    if (value === null) return "–";
    return this.#unit === "ms" ? `${numberText(value * 1000)} ms` : numberText(value);
  }
}

/** @param {number} at since 1970 */
function moment(at) {
  return `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
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
