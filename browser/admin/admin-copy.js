// @ts-check
import { write } from "../page/dom.js";

const COPIED_MS = 2_000;

/** A button that copies its `data-copy`, shown where the browser lets it. */
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!(button instanceof HTMLButtonElement) || !navigator.clipboard) continue;
  const label = button.textContent ?? "";
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    write(button, button.dataset.copied ?? "");
    setTimeout(() => write(button, label), COPIED_MS);
  });
}
