// @ts-check
import { write } from "../page/dom.js";
import { pageLanguage } from "../page/page-language.js";
import { watch } from "../page/watch.js";

/** How many people are online, on all servers, while the page is looked at. */
class NotifyOnline extends HTMLElement {
  #left = new AbortController();
  #asked = 0; // times that it was asked without an answer

  connectedCallback() {
    this.#left = new AbortController();
    const look = watch("online", this.#left.signal, {
      figures: ({ users }) => this.#say(this.dataset.online?.replace("{count}", () => users.toLocaleString(pageLanguage()))),
      silent: () => {
        this.#asked += 1;
        if (this.#asked > 1) this.#say(this.dataset.unknown);
      },
      isLookedAt: () => document.visibilityState === "visible",
    });
    document.addEventListener("visibilitychange", () => look(), { signal: this.#left.signal });
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  /** @param {string | undefined} text */
  #say(text = "") {
    this.hidden = false;
    write(this, text);
  }
}

if (!customElements.get("notify-online")) customElements.define("notify-online", NotifyOnline);
