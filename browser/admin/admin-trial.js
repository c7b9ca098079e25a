// @ts-check
import { part, write } from "../page/dom.js";

const ASK_EVERY_MS = 2_000;

/**
 * Says when the author has seen what was sent to them first.
 *
 * @param {HTMLElement} aside
 */
export function followTrial(aside) {
  const section = aside.querySelector(".notify-trial");
  if (!(section instanceof HTMLElement) || "seen" in section.dataset) return;
  const ask = async () => {
    const told = document.visibilityState === "visible" ? await state(section.dataset.url ?? "") : null;
    if (told) write(part(section, "[role=status]"), told.text);
    if (!told?.seen) setTimeout(() => void ask(), ASK_EVERY_MS);
  };
  void ask();
}

/**
 * @param {string} url
 * @returns {Promise<{ text: string, seen: boolean } | null>}
 */
function state(url) {
  return fetch(url)
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
}
