// @ts-check
import { part, write } from "../page/dom.js";
import { countDown } from "./admin-countdown.js";
import { endDraft, forgetSent } from "./admin-draft.js";

const MOVING_MS = 1_000;
const AT_REST_MS = 10_000;
const SHARE = 10; // polling takes at most a tenth of the time

/** A notice's progress, kept current by polling. */
class Progress {
  #section;

  /** @param {HTMLElement} section */
  constructor(section) {
    this.#section = section;
    const { user, key } = section.dataset;
    if (user && key) endDraft(user, key);
    const stop = section.querySelector(".notify-stop");
    if (stop instanceof HTMLElement) countDown(stop);
    this.#again(section.hasAttribute("data-moving") ? MOVING_MS : AT_REST_MS);
  }

  /** @param {number} milliseconds */
  #again(milliseconds) {
    setTimeout(() => void this.#look(), milliseconds);
  }

  async #look() {
    if (document.visibilityState !== "visible") {
      document.addEventListener("visibilitychange", () => void this.#look(), { once: true });
      return;
    }
    const began = performance.now();
    const told = await fetch(this.#section.dataset.url ?? "")
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    if (told) this.#draw(told);
    const took = performance.now() - began;
    this.#again(Math.max(told?.moving ? MOVING_MS : AT_REST_MS, took * SHARE));
  }

  /** @param {{ status: string, label: string, stopped: string, counts: Record<string, string>, batches: string, done: number, of: number, can: Record<string, boolean> }} told */
  #draw({ status, label, stopped, counts, batches, done, of, can }) {
    const { user, key } = this.#section.dataset;
    if (user && key && status === "sent") forgetSent(user, key);
    write(part(this.#section, "[data-status]"), label);
    write(part(this.#section, "[data-stopped]"), stopped);
    write(part(this.#section, "[data-batches]"), batches);
    for (const [name, count] of Object.entries(counts)) write(part(this.#section, `[data-count="${name}"]`), count);
    const bar = this.#section.querySelector("progress");
    if (bar) [bar.max, bar.value] = [Math.max(1, of), done];
    for (const [verb, may] of Object.entries(can)) {
      const control = this.#section.querySelector(`[data-verb="${verb}"]`);
      if (control instanceof HTMLElement) control.hidden = !may;
    }
  }
}

const section = document.querySelector(".notify-progress");
if (section instanceof HTMLElement) new Progress(section);
