// @ts-check
import { HttpError } from "../client/http.js";
import { ClientElement } from "./client-element.js";
import { clone, part, write } from "../page/dom.js";
import { keyed } from "../page/keyed.js";
import { timeToCome } from "../page/time-to-come.js";
import { choiceOf, holdsOpen, quietOf, valueOf } from "../page/choices.js";

const SAID_MS = 4_000;
const OPEN_MS = 500;

/**
 * What a person wants to be told: each change is saved at once, and those that are made elsewhere
 * come in. The page works as a form without it.
 */
export class NotifyPreferences extends ClientElement {
  /** One write after the other: what is chosen last is what stays. */
  #queue = Promise.resolve();
  #unsaved = 0;
  #said = 0;
  #waiting = 0;
  /** How often the preferences were asked for: an older answer than another is not drawn. */
  #asked = 0;

  ready() {
    this.find(".surface").toggleAttribute("data-live", true);
    this.listen(this.find("#choices"), ["change"], ({ target }) => this.#changed(target));
    this.listen(this.find("#choices"), ["submit"], (event) => event.preventDefault()); // Enter in a field: it is saved already
    this.listen(this.find("#lists"), ["submit"], (event) => {
      event.preventDefault();
      this.#left(event.submitter);
    });
    this.listen(this.client, ["preferences"], () => void this.#load());
    this.listen(this.client, ["state"], ({ detail }) => detail.state === "live" && void this.#load());
    this.listen(document, ["visibilitychange"], () => document.visibilityState === "visible" && this.client.status.state !== "live" && void this.#load());
    this.listen(window, ["hashchange"], () => this.#goToCell());
    this.#goToCell();
  }

  /** @param {HTMLInputElement | HTMLSelectElement} field */
  #changed({ name, value }) {
    const [, what, scope] = /^set\.([^.]+)\.?(.*)$/.exec(name) ?? [];
    if (scope) this.#save({ scope, channel: what, ...valueOf(value) });
    else if (what === "zone") this.#save({ zone: value }, "reader/");
    else if (what?.startsWith("quiet")) this.#saveQuiet();
  }

  #saveQuiet() {
    const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (this.find(`[name="set.${name}"]`));
    const quiet = quietOf(field("quiet").checked, field("quiet_start").value, field("quiet_end").value);
    if (quiet !== undefined) this.#save({ quiet }, "reader/");
  }

  /** @param {Record<string, unknown>} change */
  #save(change, path = "preferences/") {
    this.#write(() => this.client.ask(path, "PUT", change));
  }

  /** @param {HTMLButtonElement} button "Unmute" or "Unfollow" */
  #left({ name, value, dataset }) {
    this.#write(() => (name === "unmute"
      ? this.client.ask(`mutes/${dataset.id}/`, "DELETE")
      : this.client.ask(`follows/?${new URLSearchParams({ topic: value })}`, "DELETE")));
  }

  /** @param {() => Promise<unknown>} request */
  #write(request) {
    this.#unsaved += 1;
    this.#say("");
    this.#queue = this.#queue.then(async () => {
      const isSaved = await this.#tried(request);
      this.#unsaved -= 1;
      if (this.#unsaved > 0) return;
      await this.#load();
      this.#say(isSaved ? "saved" : "failed");
    });
  }

  /** @param {() => Promise<unknown>} request */
  async #tried(request) {
    try {
      await request();
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return false;
    }
  }

  /** What the server holds now, whoever has changed it. */
  async #load() {
    this.#asked += 1;
    const asked = this.#asked;
    const isHere = await this.#tried(async () => {
      const { client } = this;
      const [held, { mutes }, { follows }] = await Promise.all([client.ask("preferences/"), client.ask("mutes/"), client.ask("follows/")]);
      if (asked !== this.#asked || this.#unsaved > 0 || this.connected.signal.aborted) return;
      this.#draw(held);
      this.#drawMutes(mutes);
      this.#drawFollows(follows);
    });
    if (!isHere && asked === this.#asked) this.#say("stale");
  }

  /** @param {any} held */
  #draw(held) {
    const rows = [{ scope: "all", channels: held.all }, ...held.categories.flatMap((/** @type {any} */ category) => [
      { scope: `category:${category.key}`, channels: category.channels },
      ...category.kinds.map((/** @type {any} */ kind) => ({ scope: `kind:${kind.key}`, channels: kind.channels })),
    ])];
    const waiting = rows.filter(({ scope, channels }) => {
      const row = this.#row(scope);
      return row && Object.entries(channels).map(([channel, cell]) => this.#drawCell(row, channel, cell)).includes(false);
    });
    this.#setField("zone", held.zone ?? "");
    const quiet = /** @type {HTMLInputElement} */ (this.find('[name="set.quiet"]'));
    quiet.checked = held.quiet !== null;
    if (held.quiet) {
      this.#setField("quiet_start", held.quiet.start);
      this.#setField("quiet_end", held.quiet.end);
    }
    clearTimeout(this.#waiting);
    if (waiting.length) this.#waiting = this.later(() => this.#draw(held), OPEN_MS);
  }

  /**
   * @param {Element} row
   * @param {string} channel
   * @param {any} cell
   * @returns {boolean} false where it is open, so that it must wait
   */
  #drawCell(row, channel, cell) {
    const place = row.querySelector(`:scope > [data-channel="${CSS.escape(channel)}"]`);
    const select = place?.querySelector("select");
    if (!place) return true;
    if (select && holdsOpen(select)) return false;
    write(place.querySelector(".rule"), cell.text);
    if (!select) return true;
    const byDefault = choiceOf(cell.by_default, cell.rhythm_by_default);
    const texts = this.find("table.choices").dataset;
    write(select.options[0], texts[byDefault === "on" && channel !== "inbox" ? "now" : byDefault] ?? "");
    const choice = choiceOf(cell.chosen, cell.rhythm);
    if (select.value !== choice) select.value = choice;
    return true;
  }

  /** @param {any[]} mutes */
  #drawMutes(mutes) {
    const { until = "", always = "" } = this.find(".muted").dataset;
    const facts = (/** @type {any} */ mute) => (mute.until === null ? always : until.replace("{time}", timeToCome(new Date(mute.until), new Date())));
    this.#drawList(".muted", "unmute", mutes.map((mute) => ({ id: String(mute.id), value: mute.target, name: mute.name, facts: facts(mute) })));
  }

  /** @param {any[]} follows */
  #drawFollows(follows) {
    this.#drawList(".followed", "unfollow", follows.map(({ topic }) => ({ id: topic, value: topic, name: topic, facts: "" })));
  }

  /**
   * @param {string} selector
   * @param {string} template
   * @param {{ id: string, value: string, name: string, facts: string }[]} items
   */
  #drawList(selector, template, items) {
    const list = this.find(selector);
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    const focused = list.contains(root.activeElement) ? [...list.children].indexOf(/** @type {Element} */ (root.activeElement?.closest("li"))) : -1;
    keyed(list, items, ({ id }) => id, () => part(clone(root, template), "li"), (element, { id, value, name, facts }) => {
      write(element.querySelector(".name"), name);
      write(element.querySelector(".what"), name);
      write(element.querySelector(".facts"), facts);
      const button = /** @type {HTMLButtonElement} */ (part(element, "button"));
      button.value = value;
      button.dataset.id = id;
    });
    const section = /** @type {Element} */ (list.parentElement);
    part(section, ".none").hidden = items.length > 0;
    if (focused < 0 || list.contains(root.activeElement)) return;
    const heir = list.children[Math.min(focused, items.length - 1)]?.querySelector("button") ?? part(section, "h2");
    heir.focus(); // its own button has gone
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #setField(name, value) {
    const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (this.find(`[name="set.${name}"]`));
    if (field.value !== value && field !== this.shadowRoot?.activeElement) field.value = value;
  }

  /** A link can lead to a row; it is in here, where the browser does not look. */
  #goToCell() {
    const named = new URLSearchParams(location.hash.slice(1));
    const mute = [...this.find(".muted").children].find((one) => one.querySelector("button")?.value === named.get("muted"));
    const row = this.#row(`kind:${named.get("kind")}`) ?? this.#row(`category:${named.get("category")}`);
    const place = mute ?? row;
    if (!place) return;
    const details = place.closest("details");
    if (details) details.open = true;
    place.scrollIntoView({ block: "center" });
    const focused = /** @type {HTMLElement} */ (place.querySelector("select, button") ?? place.querySelector("th"));
    focused.focus({ preventScroll: true });
  }

  /** @param {string} scope */
  #row(scope) {
    return this.shadowRoot?.querySelector(`[data-scope="${CSS.escape(scope)}"]`);
  }

  /** @param {"" | "saved" | "failed" | "stale"} what */
  #say(what) {
    const said = this.find(".said");
    clearTimeout(this.#said);
    said.textContent = said.dataset[what] ?? "";
    said.toggleAttribute("data-failed-now", what === "failed" || what === "stale");
    if (what === "saved") this.#said = this.later(() => this.#say(""), SAID_MS);
  }
}
