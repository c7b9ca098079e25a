// @ts-check
import { elapsed } from "../client/steady-clock.js";
import { HttpError } from "../client/http.js";
import { part, write } from "./dom.js";
import { keyed } from "./keyed.js";
import { Plot } from "./operations-plot.js";
import { asText } from "./operations-text.js";
import { numberText, writeFigures } from "./operations-value.js";
import { pageClient } from "./page-client.js";
import { pageConfig } from "./page-config.js";
import { pageLanguage } from "./page-language.js";
import { watch } from "./watch.js";

/**
 * @typedef {{ key: string, name: string, version: string, age: number, figures: Record<string, number> }} Process
 * @typedef {{ id: number, state: string, batches: number, people: number }} Notice
 * @typedef {{ key: string, text: string, cure: string }} Alarm
 * @typedef {{ process: string, id: number, at: number, level: string, logger: string, text: string, count: number }} Line
 */

const STALE_MS = 3_500; // the servers speak once a second
const ANSWERED_S = 2; // by then all processes have answered whichever the page is connected to
const GONE_MS = 300_000; // a process that nobody misses
const HISTORY_STEP_S = 5;
const COPIED_MS = 2_000;
const LINES = 50;

/** The page of live operations: what the servers say once a second. */
class NotifyOperations extends HTMLElement {
  #left = new AbortController();
  /** @type {Plot[]} */
  #plots = [];
  /** @type {Map<string, { heard: number, time: string, process: Process }>} by key */
  #processes = new Map();
  /** @type {Line[]} */
  #log = [];
  #announced = "";
  #heard = -Infinity;

  connectedCallback() {
    this.#left = new AbortController();
    const { signal } = this.#left;
    this.#plots = [...this.querySelectorAll("figure")].map((figure) => new Plot(figure));
    watch("operations", signal, {
      figures: (data) => this.#draw(data),
      silent: () => this.#note(),
    });
    const timer = setInterval(() => this.#note(), 1_000);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#offerCopy();
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  get #status() {
    return part(this, ".from");
  }

  /** Says so where nothing is heard any more. */
  #note() {
    if (elapsed() - this.#heard < STALE_MS) return;
    if (this.#heard > 0) this.classList.add("stale");
    this.#say(this.#status.dataset.silent ?? "");
  }

  /** @param {any} data */
  #draw(data) {
    const now = elapsed();
    this.#heard = now;
    this.classList.remove("stale");
    const { down, one, several } = this.#status.dataset;
    const from = data.processes === 1 ? one : several?.replace("{count}", numberText(data.processes));
    this.#say((data.layer === "down" ? down : from) ?? "");
    const asOf = part(this, ".as-of");
    asOf.textContent = (asOf.dataset.text ?? "").replace("{time}", clock());
    const alarms = this.#named(writeFigures(part(this, "dl.owed"), data.database));
    this.#drawNotices(data.open_notices);
    alarms.push(...this.#drawProcesses(data));
    this.#drawAlarms(alarms);
    this.#drawLog(data);
    for (const plot of this.#plots) {
      if (data.history?.[plot.name]) plot.remember(data.history[plot.name], HISTORY_STEP_S, now / 1000);
      plot.add(data[plot.name] ?? null, now / 1000);
    }
    this.#drawTable("most", data.most_sockets);
    const slow = /** @type {[string, number][]} */ (data.slow_sockets ?? []);
    this.#drawTable("slow", slow.map(([user, bytes]) => [user, `${numberText(bytes / 1024)} KB`]));
    this.#drawTable("reasons", this.#meant({ ...data.refused, ...data.limits }));
    this.#drawTable("closed", this.#meant(data.closed, true));
    part(this, ".live").hidden = false; // all at once, so that nothing moves
  }

  // What is owed

  /** @param {Notice[]} notices */
  #drawNotices(notices) {
    const table = part(this, "table.notices");
    table.hidden = notices.length === 0;
    const make = () => this.#copyOf("notice");
    keyed(part(table, "tbody"), notices, (one) => String(one.id), make, (row, one) => this.#drawNotice(row, one));
  }

  /**
   * @param {HTMLElement} row
   * @param {Notice} notice
   */
  #drawNotice(row, { id, state, batches, people }) {
    const link = part(row, ".name");
    write(link, (link.dataset.text ?? "").replace("{id}", String(id)));
    if (link.dataset.href) /** @type {HTMLAnchorElement} */ (link).href = link.dataset.href.replace(/0(?=\/change\/$)/, String(id));
    const shown = part(row, ".state");
    write(shown, shown.dataset[state] ?? "");
    row.dataset.state = state;
    write(part(row, ".batches"), numberText(batches));
    write(part(row, ".people"), numberText(people));
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (row.querySelectorAll("button"))) {
      const isPaused = state === "paused";
      button.hidden = state === "recalling" || (button.dataset.verb === "resume") !== isPaused;
      button.setAttribute("aria-describedby", (link.id = `notice-${id}`));
      button.onclick = () => void this.#carryOut(button, id);
    }
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {number} id
   */
  async #carryOut(button, id) {
    const said = part(this, ".said");
    button.disabled = true;
    try {
      const { people } = await pageClient().post(`${pageConfig().api}notices/${id}/${button.dataset.verb}/`);
      write(said, (button.dataset.done ?? "").replace("{count}", numberText(people)));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      write(said, said.dataset.failed ?? ""); // it is also in the network's log
    } finally {
      button.disabled = false;
    }
  }

  // Processes

  /**
   * Also those that no longer answer, until another has taken their place.
   *
   * @param {{ layer: string, asked_for: number, by_process: Process[] }} data
   * @returns {Alarm[]}
   */
  #drawProcesses({ layer, asked_for: seconds, by_process: heard }) {
    const now = elapsed();
    const isMissing = (/** @type {string} */ key) => !heard.some((one) => one.key === key);
    for (const process of heard) this.#processes.set(process.key, { heard: now - process.age * 1000, time: clock(process.age), process });
    for (const [key, { heard: at, process }] of this.#processes) {
      const youngest = Math.min(...heard.filter((one) => isWorker(one) === isWorker(process)).map((one) => one.figures.notify_uptime_seconds));
      const isReplaced = youngest * 1000 < now - at;
      if (isMissing(key) && (process.figures.notify_draining || isReplaced || now - at > GONE_MS)) this.#processes.delete(key);
    }
    /** @type {Alarm[]} */
    const alarms = [];
    const order = (/** @type {Process} */ one) => `${Number(isWorker(one))} ${one.name}`;
    const shown = [...this.#processes.values()].sort((one, other) => order(one.process).localeCompare(order(other.process)));
    const draw = (/** @type {HTMLElement} */ section, /** @type {typeof shown[0]} */ { process, time }) => {
      const isSilent = isMissing(process.key) && (layer === "down" || seconds >= ANSWERED_S);
      section.classList.toggle("stale", isSilent);
      write(part(section, "h3"), process.name);
      const hint = part(section, ".hint");
      const text = (isSilent ? hint.dataset.silent : hint.dataset.version) ?? "";
      write(hint, text.replace("{version}", process.version).replace("{time}", time));
      const red = this.#named(writeFigures(part(section, "dl"), process.figures), process);
      if (!isSilent) alarms.push(...red);
      else if (layer !== "down") alarms.push({ key: process.key, text: (hint.dataset.dead ?? "").replace("{process}", process.name).replace("{time}", time), cure: hint.dataset.cure ?? "" });
    };
    keyed(part(this, ".processes"), shown, ({ process }) => process.key, ({ process }) => this.#copyOf(isWorker(process) ? "worker" : "process"), draw);
    return alarms;
  }

  // What is red

  /**
   * @param {import("./operations-value.js").Alarm[]} alarms
   * @param {Process} [process]
   * @returns {Alarm[]}
   */
  #named(alarms, process) {
    return alarms.map(({ name, title, value, cure }) => ({ key: `${name} ${process?.key}`, text: `${process ? `${process.name} – ` : ""}${title}: ${value}`, cure }));
  }

  /** @param {Alarm[]} alarms */
  #drawAlarms(alarms) {
    part(this, ".attention").hidden = alarms.length === 0;
    part(this, ".well").hidden = alarms.length > 0;
    const draw = (/** @type {HTMLElement} */ item, /** @type {Alarm} */ { text, cure }) => {
      write(part(item, "strong"), text);
      write(part(item, "span"), cure);
    };
    keyed(part(this, ".attention ul"), alarms, ({ key }) => key, () => this.#copyOf("alarm"), draw);
    this.#announce(alarms);
  }

  /**
   * Says what is red where that is another set than before, not where a value changes.
   *
   * @param {Alarm[]} alarms
   */
  #announce(alarms) {
    const keys = JSON.stringify(alarms.map(({ key }) => key).sort());
    if (keys === this.#announced) return;
    this.#announced = keys;
    const red = [part(this, ".attention h2").textContent, ...alarms.map(({ text, cure }) => `${text}. ${cure}`)];
    write(part(this, ".announced"), alarms.length > 0 ? red.join(" ") : part(this, ".well").textContent ?? "");
  }

  // What was logged

  /**
   * Also the last lines of processes that no longer answer, as long as they are listed.
   *
   * @param {{ log?: Line[], by_process: Process[] }} data
   */
  #drawLog({ log = [], by_process: heard }) {
    const isSilent = (/** @type {Line} */ { process }) => this.#processes.has(process) && !heard.some(({ key }) => key === process);
    this.#log = [...log, ...this.#log.filter(isSilent)].sort((one, other) => other.at - one.at).slice(0, LINES);
    const list = part(this, "ul.log");
    list.hidden = this.#log.length === 0;
    part(this, ".none.log").hidden = !list.hidden;
    const draw = (/** @type {HTMLElement} */ item, /** @type {Line} */ line) => this.#drawLine(item, line);
    keyed(list, this.#log, ({ process, id }) => `${process} ${id}`, () => this.#copyOf("line"), draw);
  }

  /**
   * @param {HTMLElement} item
   * @param {Line} line
   */
  #drawLine(item, { process, at, level, logger, text, count }) {
    item.dataset.level = level;
    const shown = part(item, ".level");
    write(shown, shown.dataset[level] ?? "");
    const meta = part(item, ".meta");
    const several = count > 1 ? [(meta.dataset.several ?? "").replace("{count}", numberText(count))] : [];
    write(meta, [momentText(at), this.#processes.get(process)?.process.name ?? "", logger, ...several].join(" · "));
    write(part(item, ".text"), text);
  }

  // Tables

  /**
   * Each with its meaning; `withCode` keeps the code.
   *
   * @param {Record<string, number>} counts
   * @returns {(string | number)[][]}
   */
  #meant(counts, withCode = false) {
    const terms = [...this.querySelectorAll(".codes dt")];
    return Object.entries(counts).map(([code, count]) => {
      const meaning = terms.find((term) => term.textContent === code)?.nextElementSibling?.textContent ?? "";
      return withCode ? [code, meaning, count] : [meaning || code, count];
    });
  }

  /**
   * @param {string} name
   * @param {(string | number)[][]} rows
   */
  #drawTable(name, rows) {
    const table = part(this, `table.${name}`);
    table.hidden = rows.length === 0;
    part(this, `.none.${name}`).hidden = rows.length > 0;
    const made = rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map((cell) => Object.assign(document.createElement("td"), { textContent: typeof cell === "number" ? numberText(cell) : cell })));
      return row;
    });
    part(table, "tbody").replaceChildren(...made);
  }

  // The rest

  #offerCopy() {
    const button = part(this, ".copy");
    if (!navigator.clipboard) return;
    button.hidden = false;
    const label = button.textContent ?? "";
    button.onclick = async () => {
      await navigator.clipboard.writeText(asText(part(document, "main.operations")));
      write(button, button.dataset.copied ?? "");
      setTimeout(() => write(button, label), COPIED_MS);
    };
  }

  /** @param {string} name */
  #copyOf(name) {
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector(`template.${name}`));
    return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  }

  /** @param {string} text */
  #say(text) {
    write(this.#status, text);
  }
}

/**
 * Whether it is one of `manage.py notify_work`, which has no sockets.
 *
 * @param {Process} process
 */
function isWorker({ figures }) {
  return figures.notify_sockets === undefined;
}

/** The time of day, so many seconds ago. */
function clock(age = 0) {
  return new Date(Date.now() - age * 1000).toLocaleTimeString(pageLanguage());
}

/**
 * The time of day, with the date where it was not today.
 *
 * @param {number} at since 1970
 */
function momentText(at) {
  const when = new Date(at * 1000);
  const isToday = when.toDateString() === new Date().toDateString();
  return isToday ? when.toLocaleTimeString(pageLanguage()) : when.toLocaleString(pageLanguage());
}

if (!customElements.get("notify-operations")) customElements.define("notify-operations", NotifyOperations);
