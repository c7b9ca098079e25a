// @ts-check
import { connectionText } from "../page/connection-text.js";
import { setShown } from "../page/keep-focus.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { clockTime } from "../page/relative-time.js";
import { write } from "../page/dom.js";
import { elapsed } from "../client/steady-clock.js";

const LOST_FOR_GOOD_MS = 5_000;

/** What an inbox says about the connection, and about not being there at all. */
export class InboxStatus {
  #element;
  #intents;
  #later = 0;
  /** Until when what is shown was current, in a page that has never been live. */
  #keptAt = Date.now();
  /** Since when it is not live, by `elapsed`. */
  #lost = elapsed();
  #wasLive = false;

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {{ retry: () => void, redraw: () => void }} intents `retry` loads what is shown
   */
  constructor(element, intents) {
    this.#element = element;
    this.#intents = intents;
    const { client } = element;
    element.listen(client, ["state"], intents.redraw);
    element.listen(window, ["online", "offline"], intents.redraw);
    element.listen(element.find(".notice-action"), ["click"], () => this.#act());
    element.listen(element.find(".retry"), ["click"], () => this.#tryAgain());
  }

  /** @param {number} at until when what this browser had kept was current, milliseconds since 1970 */
  keptAt(at) {
    this.#keptAt = at;
    this.#intents.redraw();
  }

  /**
   * @param {boolean} viewFailed whether there is nothing to show, as the view cannot be loaded
   * @param {boolean} isServers whether the server has drawn what is shown
   * @returns {boolean} whether that, or that nothing is known of the inbox at all, is said in place of a list
   */
  draw(viewFailed, isServers) {
    const { status, isLoaded } = this.#element.client;
    const now = elapsed();
    const isLive = status.state === "live";
    if (this.#wasLive && !isLive) this.#lost = status.began;
    this.#wasLive = isLive;
    const isKnown = isLoaded || isServers;
    const liveUntil = isKnown ? clockTime(new Date(status.liveUntil ?? this.#keptAt), new Date()) : null;
    const told = connectionText(status, { online: navigator.onLine, now, liveUntil });
    const failed = isKnown ? viewFailed : !isLive && now - this.#lost >= LOST_FOR_GOOD_MS;
    this.#drawFailed(failed, told.kind === "offline" ? told.text : inboxMessages.cannotReach);
    this.#drawNotice(told, isKnown && !failed);
    clearTimeout(this.#later);
    if (told.changesIn !== null || !isKnown) {
      this.#later = this.#element.later(this.#intents.redraw, told.changesIn ?? LOST_FOR_GOOD_MS);
    }
    return failed;
  }

  /**
   * @param {boolean} failed
   * @param {string} why
   */
  #drawFailed(failed, why) {
    const { client } = this.#element;
    setShown(this.#element.find(".failed"), failed, () => this.#element.focus());
    write(this.#element.find(".failed .lead"), client.isLoaded ? inboxMessages.viewFailed : inboxMessages.inboxFailed);
    write(this.#element.find(".failed-text"), why);
  }

  /**
   * @param {ReturnType<typeof connectionText>} told
   * @param {boolean} isList whether it stands beside a list
   */
  #drawNotice({ kind, text, action }, isList) {
    const quiet = kind === "live" || kind === "idle" || kind === "connecting";
    const isShown = !quiet && (isList || action !== "");
    this.#element.find(".notice").toggleAttribute("data-shown", isShown);
    write(this.#element.find(".notice-text"), isShown ? text : "");
    const button = this.#element.find(".notice-action");
    setShown(button, isShown && action !== "", () => this.#element.focus());
    button.dataset.action = action;
    button.textContent = action === "reload" ? inboxMessages.reload : inboxMessages.reconnect;
  }

  #act() {
    if (this.#element.find(".notice-action").dataset.action === "reload") location.reload();
    else this.#element.client.start();
  }

  #tryAgain() {
    const { client } = this.#element;
    if (client.isLoaded) return this.#intents.retry();
    client.stop();
    client.start();
  }
}
