// @ts-check
import { part } from "../page/dom.js";
import { pointsOf } from "../page/plot.js";

const SHOWN = 30;
const WIDTH = 120;
const HEIGHT = 32;
const LEAST_TOP_MS = 20; // below it, the line is as good as level

/** The last round trips as a line, in an `<svg viewBox="0 0 120 32">` with a polyline. */
export class LatencyPlot {
  #svg;
  #line;
  /** @type {number[]} milliseconds, oldest first */
  #measured = [];

  /** @param {Element} svg */
  constructor(svg) {
    this.#svg = svg;
    this.#line = part(svg, "polyline");
  }

  /** @param {number} ms */
  add(ms) {
    this.#measured = [...this.#measured, ms].slice(-SHOWN);
    const top = Math.max(LEAST_TOP_MS, ...this.#measured);
    const points = pointsOf(this.#measured, { width: WIDTH, height: HEIGHT, readings: SHOWN, top });
    this.#line.setAttribute("points", points.join(" "));
    this.#svg.toggleAttribute("hidden", this.#measured.length < 2);
  }
}
