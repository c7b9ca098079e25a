// @ts-check
import { ofSite, ofTab } from "./browser-storage.js";

/** Of the tab: what a form of its last page asked for. Of the site: what a person has changed last. */
const CHOSEN = "notify-language";

/**
 * Who changes the language of their pages, by any form with a field `language`, reads their
 * notifications in it in the other tabs too, which keep the rest of their page as it is. A tab whose
 * address names its language stays in it.
 *
 * @param {string} language of the page, as Django writes it
 * @param {(language: string) => void} speak
 */
export function followLanguage(language, speak) {
  const [from, to] = parsed(ofTab.get(CHOSEN));
  ofTab.set(CHOSEN, null);
  if (from && to === language) ofSite.set(CHOSEN, `${from} ${to} ${Date.now()}`); // the time: else the same change once more is no event
  let spoken = language;
  addEventListener("submit", ({ target }) => {
    const asked = new FormData(/** @type {HTMLFormElement} */ (target)).get("language");
    if (asked && asked !== spoken) ofTab.set(CHOSEN, `${spoken} ${asked}`);
  }, { capture: true });
  if (isNamedIn(location, language)) return;
  const follow = (/** @type {string | null} */ change) => {
    const [before, now] = parsed(change);
    if (now && before === spoken) speak(spoken = now);
  };
  addEventListener("storage", ({ key, newValue }) => key === CHOSEN && follow(newValue));
  addEventListener("pageshow", ({ persisted }) => persisted && follow(ofSite.get(CHOSEN))); // what it has missed
}

/** @param {string | null} change */
function parsed(change) {
  return change?.split(" ") ?? [];
}

/**
 * @param {{ pathname: string, search: string }} address such as /de/orders/ or /orders/?lang=de
 * @param {string} language
 */
function isNamedIn({ pathname, search }, language) {
  return [...pathname.split("/"), ...new URLSearchParams(search).values()].includes(language);
}
