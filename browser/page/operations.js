// @ts-check
import { part, write } from "./dom.js";
import { pageLanguage } from "./page-language.js";
import { pointsOf } from "./plot.js";
import { watch } from "./watch.js";

const READINGS = 120; // a second apart
const WIDTH = 240;
const HEIGHT = 48;
const SVG = "http://www.w3.org/2000/svg";

/** The page of live operations: what the servers say once a second, as plots that move. */
class NotifyOperations extends HTMLElement {
  #left = new AbortController();
  /** @type {Plot[]} */
  #plots = [];

  connectedCallback() {
    this.#left = new AbortController();
    this.#plots = [...this.querySelectorAll("figure")].map((figure) => new Plot(figure));
    watch("operations", this.#left.signal, {
      figures: (data) => this.#draw(data),
      silent: () => this.#say(this.#status.dataset.silent ?? ""),
    });
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  get #status() {
    return part(this, ".from");
  }

  /** @param {any} data */
  #draw(data) {
    const { down, one, several } = this.#status.dataset;
    const from = data.processes === 1 ? one : several?.replace("{count}", String(data.processes));
    this.#say((data.layer === "down" ? down : from) ?? "");
    for (const plot of this.#plots) plot.add(data[plot.name]);
    this.#drawCodes(data.closed);
  }

  /** @param {Record<string, number>} closed */
  #drawCodes(closed) {
    const codes = Object.entries(closed);
    part(this, "table").hidden = codes.length === 0;
    part(this, ".none").hidden = codes.length > 0;
    const rows = codes.map(([code, count]) => {
      const row = document.createElement("tr");
      for (const text of [code, this.#meaning(code), written(count)]) {
        row.append(Object.assign(document.createElement("td"), { textContent: text }));
      }
      return row;
    });
    part(this, "tbody").replaceChildren(...rows);
  }

  /** @param {string} code */
  #meaning(code) {
    const terms = [...this.querySelectorAll(".codes dt")];
    return terms.find((term) => term.textContent === code)?.nextElementSibling?.textContent ?? "";
  }

  /** @param {string} text */
  #say(text) {
    write(this.#status, text);
  }
}

/** One figure over time: a line, its number, and its most. */
class Plot {
  name;
  #unit;
  #output;
  #line;
  #most;
  /** @type {(number | null)[]} */
  #values = [];

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

  /** @param {number | null} value */
  add(value) {
    const shown = value === null || this.#unit !== "ms" ? value : value * 1000;
    this.#values = [...this.#values, shown].slice(-READINGS);
    this.#output.textContent = this.#text(shown);
    const most = Math.max(1, ...this.#values.map((one) => one ?? 0));
    this.#most.textContent = this.#text(most);
    this.#line.setAttribute("d", path(this.#values, most));
  }

  /** @param {number | null} value */
  #text(value) {
    if (value === null) return "–";
    return this.#unit ? `${written(value)} ${this.#unit}` : written(value);
  }
}

/**
 * The newest at the right edge. A missing value breaks the line.
 *
 * @param {(number | null)[]} values
 * @param {number} most
 */
function path(values, most) {
  const points = pointsOf(values, { width: WIDTH, height: HEIGHT, readings: READINGS, top: most });
  return points.map((point, at) => (point === null ? "" : `${points[at - 1] ? "L" : "M"}${point}`)).join("");
}

/** @param {number} value */
function written(value) {
  const digits = { maximumFractionDigits: value < 10 ? 1 : 0 };
  return value.toLocaleString(pageLanguage(), digits);
}

if (!customElements.get("notify-operations")) customElements.define("notify-operations", NotifyOperations);
