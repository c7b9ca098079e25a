// What `{% notify_bell %}` loads, gzipped file by file as a server would: `npm run budget`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { withoutComments } from "./lean.js";

const ROOT = new URL("../../notify/static/notify/", import.meta.url);
const STYLES = ["tokens.css", "controls.css", "rows.css", "bell.css"];
const KB = 1024;
// `atOnce`: before anybody does anything, the badges of unseen ones included. `later`: on top, when
// something arrives, when the panel is opened, for the dot on the icon where the tag asks for it.
export const BUDGET = { atOnce: 17 * KB, later: 11 * KB, styles: 6 * KB };
const AT_ONCE = ["bell.js", "badges.js"];
const LATER = ["arrivals.js", "bell-panel.js", "icon-dot.js"];

export const modules = (name) => readFileSync(new URL(name, ROOT), "utf8");
const gzipped = (content) => gzipSync(content, { level: 9 }).length;
const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);

/** The modules that are loaded with `entry`, not those that it asks for later. */
export function modulesOf(entry, found = new Set()) {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const [, next] of modules(entry).matchAll(/^(?:import|export) .*?from "\.\/(.+?)";/gms)) modulesOf(next, found);
  return found;
}

const all = (entries) => new Set(entries.flatMap((entry) => [...modulesOf(entry)]));
const served = (names) => sum([...names].map((name) => gzipped(withoutComments(modules(name)))));

export function weight() {
  const atOnce = all(AT_ONCE);
  return {
    atOnce: served(atOnce),
    later: served([...all(LATER)].filter((name) => !atOnce.has(name))),
    styles: sum(STYLES.map((name) => gzipped(modules(name)))),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const weighed = weight();
  const over = Object.keys(BUDGET).filter((what) => weighed[what] > BUDGET[what]);
  for (const what of over) console.error(`{% notify_bell %}: ${what} is ${weighed[what]} bytes gzipped, over ${BUDGET[what]}`);
  if (process.argv.includes("--tell")) console.log(weighed);
  process.exitCode = over.length ? 1 : 0;
}
