// @ts-check
import { part, write } from "../page/dom.js";
import { AmongOnline } from "./admin-among-online.js";
import { addCounters } from "./admin-counters.js";
import { Draft } from "./admin-draft.js";
import { NotifyPreview } from "./admin-preview.js";
import { followTrial } from "./admin-trial.js";

const SETTLED_MS = 300;
/** What the summary hangs on, and the token. */
const TO_WHOM = ["csrfmiddlewaretoken", "users", "groups", "permission", "usernames", "everyone", "send_at_0", "send_at_1"];

/** The form in which a notice is written: its preview follows each key, its number each choice. */
class Compose {
  #form;
  #preview;
  #audience;
  #online; // for those who may know
  #timer = 0;
  #counted = ""; // the audience whose size was requested last
  #draft;

  /** @param {HTMLElement} aside */
  constructor(aside) {
    this.#form = /** @type {HTMLFormElement} */ (aside.closest("form"));
    this.#preview = aside.querySelector("notify-preview");
    this.#audience = /** @type {HTMLElement} */ (aside.querySelector(".notify-audience"));
    this.#audience.hidden = false;
    this.#online = AmongOnline.on(this.#audience);
    addCounters(this.#form, aside);
    followTrial(aside);
    this.#draft = new Draft(this.#form, aside);
    this.#form.addEventListener("input", () => this.#changed());
    this.#form.addEventListener("keydown", (event) => this.#askFirst(event));
    // The autocomplete fires its change events through jQuery only.
    const { django } = /** @type {any} */ (window);
    if (django?.jQuery) {
      django.jQuery(this.#form).on("change", () => this.#changed());
      django.jQuery(() => this.#nameSearches()); // once the autocomplete has created them
    }
    else this.#form.addEventListener("change", () => this.#changed());
    this.#file()?.addEventListener("change", () => void this.#takeFile());
    this.#form.addEventListener("submit", (event) => this.#sendOnce(event));
    addEventListener("pageshow", () => delete this.#form.dataset.sent);
    this.#changed();
  }

  /** The autocomplete leaves its search boxes without a name. */
  #nameSearches() {
    for (const search of this.#form.querySelectorAll(".select2-search__field")) {
      const select = search.closest(".select2-container")?.previousElementSibling;
      const label = select?.id && this.#form.querySelector(`label[for="${select.id}"]`);
      if (label) search.setAttribute("aria-label", label.textContent ?? "");
    }
  }

  /** @param {KeyboardEvent} event */
  #askFirst(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#form.requestSubmit(/** @type {HTMLElement} */ (document.querySelector(".notify-ask-first")));
  }

  #changed() {
    this.#draft.save();
    if (this.#preview instanceof NotifyPreview) this.#preview.show(this.#said());
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#count(), SETTLED_MS);
  }

  /** @returns {import("./admin-preview.js").Said} */
  #said() {
    const data = new FormData(this.#form);
    const text = (/** @type {string} */ name) => String(data.get(name) ?? "");
    const actions = ["1", "2"].map((n) => ({ label: text(`action_${n}_label`), url: text(`action_${n}_url`) }));
    return {
      title: text("title"),
      body: text("body"),
      level: /** @type {import("../client/types.js").Level} */ (text("level") || "info"),
      category: text("category"),
      url: text("url") || null,
      actions: actions.filter(({ label, url }) => label && url),
    };
  }

  async #count() {
    const form = new FormData(this.#form);
    const data = new FormData();
    for (const name of TO_WHOM) for (const value of form.getAll(name)) data.append(name, value);
    const asked = JSON.stringify([...data]);
    if (asked === this.#counted) return;
    this.#counted = asked;
    const answer = await fetch(this.#audience.dataset.url ?? "", { method: "POST", body: data })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    if (asked !== this.#counted) return;
    if (!answer) this.#counted = ""; // requested again with the next change
    this.#draw(answer);
    this.#online?.of(answer?.count ? data : null);
  }

  /** @param {{ count: number, people: string, facts: string, sample: string[], others: string, errors: string[], send: string, when: string } | null} answer */
  #draw(answer) {
    const words = (/** @type {string} */ name) => /** @type {HTMLTemplateElement} */ (part(this.#audience, `template.${name}`)).content.textContent ?? "";
    const failed = this.#audience.dataset.failed ?? "";
    const { count, people, facts, sample, others, errors, send, when } = answer ?? { count: 0, people: failed, facts: "", sample: [], others: "", errors: [], send: "", when: "" };
    const none = answer && count === 0;
    write(part(this.#audience, ".notify-number"), none ? words("notify-nobody") : people);
    this.#say(".notify-facts", facts);
    this.#say(".notify-when", count ? when : "");
    this.#say(".notify-sample", sample.join(", ") + (others ? ` ${words("notify-others").replace("{count}", others)}` : ""));
    const list = part(this.#audience, ".errorlist");
    list.hidden = errors.length === 0;
    list.replaceChildren(...errors.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    const button = document.querySelector(".notify-send");
    if (button instanceof HTMLInputElement) {
      button.dataset.plain ??= button.value;
      button.value = send || button.dataset.plain;
    }
  }

  /**
   * @param {string} selector
   * @param {string} text empty: the line is not shown
   */
  #say(selector, text) {
    const line = part(this.#audience, selector);
    line.hidden = text === "";
    line.textContent = text;
  }

  #file() {
    return /** @type {HTMLInputElement | null} */ (this.#form.elements.namedItem("usernames_file"));
  }

  /** Names of a file go where they are seen. One that is no text is left to the server to refuse. */
  async #takeFile() {
    const input = this.#file();
    const file = input?.files?.[0];
    const names = this.#form.elements.namedItem("usernames");
    if (!input || !file || file.size > 1_000_000 || !(names instanceof HTMLTextAreaElement)) return;
    const text = await file.text();
    if (text.includes("\uFFFD")) return;
    names.value = [names.value.trim(), text.trim()].filter(Boolean).join("\n");
    input.value = "";
    this.#changed();
  }

  /** @param {SubmitEvent} event */
  #sendOnce(event) {
    if (this.#form.dataset.sent) event.preventDefault();
    this.#form.dataset.sent = "yes";
  }
}

const aside = document.querySelector(".notify-beside");
const confirmation = document.querySelector(".notify-confirmation");
if (aside instanceof HTMLElement) new Compose(aside);
else if (confirmation instanceof HTMLFormElement) AmongOnline.on(document)?.of(new FormData(confirmation));
