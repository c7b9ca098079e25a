// @ts-check
import { ofSite } from "../page/browser-storage.js";
import { part, write } from "../page/dom.js";

/** @typedef {[name: string, value: string, label: string][]} Values a label is that of an option */
/** @typedef {{ key: string, saved: number, values: Values }} Kept */

/** Fields of one request, and a file, which a page cannot fill in. */
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "form_key", "usernames_file"]);
const KEPT_MS = 7 * 24 * 3_600_000;

/** @param {string} user */
const draftKey = (user) => `notify-draft:${user}`;
/** Of the notice that was sent last, to be written anew if it is stopped. */
const sentKey = (/** @type {string} */ user) => `notify-sent:${user}`;

/** What is being written, kept in this browser until it is sent. */
export class Draft {
  #form;
  #aside;
  #user;
  #untouched;
  #isKept = true;
  #isLeaving = false;

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLElement} aside
   */
  constructor(form, aside) {
    this.#form = form;
    this.#aside = aside;
    this.#user = aside.dataset.user ?? "";
    this.#untouched = JSON.stringify(this.#values());
    if ("fresh" in aside.dataset) this.#restore();
    else this.save();
    part(form, ".notify-draft button").addEventListener("click", () => this.#discard());
    form.addEventListener("submit", () => { this.#isLeaving = true; });
    addEventListener("pageshow", () => { this.#isLeaving = false; });
    addEventListener("beforeunload", (event) => {
      if (!this.#isKept && !this.#isLeaving) event.preventDefault();
    });
  }

  /** After each change. An untouched form is no draft. */
  save() {
    const values = this.#values();
    const isEmpty = JSON.stringify(values) === this.#untouched && "fresh" in this.#aside.dataset;
    const key = field(this.#form, "form_key");
    const draft = JSON.stringify({ key, saved: Date.now(), values });
    this.#isKept = ofSite.set(draftKey(this.#user), isEmpty ? null : draft) || isEmpty;
  }

  /** @returns {Values} */
  #values() {
    /** @type {Values} */
    const values = [];
    for (const [name, value] of new FormData(this.#form)) {
      if (NOT_KEPT.has(name) || typeof value !== "string" || !value) continue;
      const select = this.#form.elements.namedItem(name);
      const option = select instanceof HTMLSelectElement && [...select.options].find((one) => one.value === value);
      values.push([name, value, option ? option.text : ""]);
    }
    return values;
  }

  #restore() {
    const { again } = this.#aside.dataset;
    if (again === undefined && location.search) return; // filled in by a link
    const draft = again === undefined ? read(draftKey(this.#user)) : read(sentKey(this.#user));
    if (!draft || (again !== undefined && draft.key !== again)) return;
    this.#fill(draft.values);
    const box = part(this.#form, ".notify-draft");
    const time = new Date(draft.saved).toLocaleTimeString(document.documentElement.lang || undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    box.hidden = false;
    write(part(box, "[role=status]"), (box.dataset.restored ?? "").replace("{time}", time));
  }

  /** @param {Values} values */
  #fill(values) {
    for (const [name, value, label] of values) {
      const found = this.#form.elements.namedItem(name);
      const controls = found instanceof RadioNodeList ? [...found] : [found];
      for (const control of controls) {
        if (control instanceof HTMLSelectElement) choose(control, value, label);
        else if (control instanceof HTMLInputElement && (control.type === "checkbox" || control.type === "radio")) {
          if (control.value === value) control.checked = true;
        } else if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) control.value = value;
      }
    }
    for (const select of this.#form.querySelectorAll("select")) {
      // The autocomplete shows what is chosen after a change by jQuery only.
      /** @type {any} */ (window).django?.jQuery?.(select).trigger("change");
    }
  }

  #discard() {
    ofSite.set(draftKey(this.#user), null);
    ofSite.set(sentKey(this.#user), null);
    this.#isLeaving = true;
    location.assign(location.pathname);
  }
}

/**
 * The notice of this form was sent: its draft is kept aside only for *Edit and send again*.
 *
 * @param {string} user
 * @param {string} key of the form
 */
export function endDraft(user, key) {
  const draft = read(draftKey(user));
  if (draft?.key !== key) return;
  ofSite.set(sentKey(user), JSON.stringify(draft));
  ofSite.set(draftKey(user), null);
}

/**
 * It can no longer be stopped.
 *
 * @param {string} user
 * @param {string} key of the form
 */
export function forgetSent(user, key) {
  if (read(sentKey(user))?.key === key) ofSite.set(sentKey(user), null);
}

/**
 * @param {string} key
 * @returns {Kept | null}
 */
function read(key) {
  try {
    const draft = JSON.parse(ofSite.get(key) ?? "null");
    return draft && Date.now() - draft.saved < KEPT_MS ? draft : null;
  } catch {
    return null; // of another version
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function field(form, name) {
  const control = form.elements.namedItem(name);
  return control instanceof HTMLInputElement ? control.value : "";
}

/**
 * @param {HTMLSelectElement} select
 * @param {string} value
 * @param {string} label
 */
function choose(select, value, label) {
  const option = [...select.options].find((one) => one.value === value);
  if (option) option.selected = true;
  else if (label) select.add(new Option(label, value, true, true));
}
