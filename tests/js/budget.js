// What a page with `{% notify_bell %}` loads before anybody touches it, what comes when the page is
// idle, the menu of a row, and the pages on top of those, gzipped file by file as a server would.
// The wheel has these files as they are: `npm run budget`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const STATIC = new URL("../../notify/static/notify/", import.meta.url);
const KB = 1024;
const LOADED = {
  bell: ["bell.min.js"],
  panel: ["panel.min.js"],
  styles: ["styles/tokens.css", "styles/controls.css", "styles/rows.css", "styles/bell.css"],
  menu: ["row-menu.min.js", "styles/row-menu.css"],
  preferences: ["preferences.min.js", "styles/preferences.css"],
  dashboard: ["elements.min.js", "styles/page.css", "styles/inbox.css", "styles/connection.css"],
};
export const BUDGET = { bell: 14 * KB, panel: 11.75 * KB, styles: 6 * KB, menu: 4 * KB, preferences: 5 * KB, dashboard: 15 * KB };

const gzipped = (name) => gzipSync(readFileSync(new URL(name, STATIC)), { level: 9 }).length;

export function weight() {
  const sums = Object.entries(LOADED).map(([what, names]) => [what, names.reduce((sum, name) => sum + gzipped(name), 0)]);
  return Object.fromEntries(sums);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const weighed = weight();
  const over = Object.keys(BUDGET).filter((what) => weighed[what] > BUDGET[what]);
  for (const what of over) console.error(`${what}: ${weighed[what]} bytes gzipped, over ${BUDGET[what]}`);
  if (process.argv.includes("--tell")) console.log(weighed);
  process.exitCode = over.length ? 1 : 0;
}
