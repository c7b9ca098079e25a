// @ts-check

const PARTS = "h1, .as-of, .from, h2, h3, li, dl.figures > div, figure, thead:not(.unseen) tr, tbody tr";

/**
 * The page as plain text, a line for each figure: for a chat, or the log of an incident.
 *
 * @param {Element} page
 */
export function asText(page) {
  const shown = [...page.querySelectorAll(PARTS)].filter((one) => !one.closest("[hidden], .codes"));
  return shown.map(line).filter(Boolean).join("\n");
}

/** @param {Element} one */
function line(one) {
  const texts = [...one.children].filter((child) => !child.matches("svg, small, button, :has(> button)")).map((child) => child.textContent?.trim());
  if (one.matches("h2, h3")) return `\n${one.textContent?.trim()}`;
  if (one.matches("figure, dl > div")) return texts.join(": ");
  return one.matches("tr") ? texts.filter(Boolean).join(" · ") : (one.textContent?.trim() ?? "");
}
