// @ts-check
import { connectionText } from "../page/connection-text.js";
import { messages } from "../page/messages.js";
import { clockTime } from "../page/relative-time.js";
import { elapsed } from "../client/steady-clock.js";

const LOST_FOR_GOOD_MS = 5_000;

/** What an inbox says about the connection, and about not being there at all. */
export class InboxStatus {
  #element;
  #later = 0;
  #liveUntil = 0;
  /** When it was lost, by `elapsed`. */
  #lost = 0;

  /** @param {import("./client-element.js").ClientElement} element */
  constructor(element) {
    this.#element = element;
    const { client } = element;
    element.listen(client, ["state"], () => this.draw());
    element.listen(window, ["online", "offline"], () => this.draw());
    element.listen(element.find(".notice-action"), ["click"], () => this.#act());
    element.listen(element.find(".retry"), ["click"], () => {
      client.stop();
      client.start();
    });
  }

  /** @param {number} at until when what this browser had kept was current, milliseconds since 1970 */
  keptAt(at) {
    if (this.#liveUntil) this.#liveUntil = at; // this page has never been live
    this.draw();
  }

  draw() {
    const { status, isLoaded } = this.#element.client;
    const now = elapsed();
    if (status.state === "live") this.#liveUntil = 0;
    else if (!this.#liveUntil) [this.#liveUntil, this.#lost] = [status.since, status.began];
    const liveUntil = clockTime(new Date(this.#liveUntil), new Date());
    const told = connectionText(status, { online: navigator.onLine, now, liveUntil: isLoaded ? liveUntil : null });
    const failed = !isLoaded && status.state !== "live" && now - this.#lost >= LOST_FOR_GOOD_MS;
    this.#element.find(".failed").hidden = !failed;
    this.#element.find(".failed-text").textContent = told.kind === "offline" ? told.text : messages.cannotReach;
    this.#drawNotice(told, isLoaded);
    clearTimeout(this.#later);
    if (told.changesIn !== null || !isLoaded) {
      this.#later = this.#element.later(() => this.draw(), told.changesIn ?? LOST_FOR_GOOD_MS);
    }
    return { failed };
  }

  /**
   * @param {ReturnType<typeof connectionText>} told
   * @param {boolean} isLoaded
   */
  #drawNotice({ kind, text, action }, isLoaded) {
    const quiet = kind === "live" || kind === "idle" || kind === "connecting";
    this.#element.find(".notice").hidden = quiet || !(isLoaded || action);
    this.#element.find(".notice-text").textContent = text;
    const button = this.#element.find(".notice-action");
    button.hidden = action === "";
    button.dataset.action = action;
    button.textContent = action === "reload" ? messages.reload : messages.reconnect;
  }

  #act() {
    if (this.#element.find(".notice-action").dataset.action === "reload") location.reload();
    else this.#element.client.start();
  }
}
