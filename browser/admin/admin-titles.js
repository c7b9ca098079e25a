// @ts-check
const PAUSE_MS = 200; // of typing

/**
 * Offers the titles that contain what is typed. Without a script there are the newest ones.
 *
 * @param {HTMLInputElement} field
 * @param {HTMLElement} list
 */
function offerTitles(field, list) {
  let timer = 0;
  let abort = new AbortController();
  const ask = async () => {
    abort = new AbortController();
    const url = `${list.dataset.url}?${new URLSearchParams({ notice: field.value })}`;
    const answer = await fetch(url, { signal: abort.signal })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    if (answer) list.replaceChildren(...answer.titles.map((/** @type {string} */ value) => Object.assign(document.createElement("option"), { value })));
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    abort.abort();
    if (field.value.trim()) timer = setTimeout(() => void ask(), PAUSE_MS);
  });
}

const field = document.querySelector(".notify-ask input[list]");
if (field instanceof HTMLInputElement && field.list) offerTitles(field, field.list);
