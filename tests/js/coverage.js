// What the tests ran of browser/, in Node.js and in Chromium together: `make coverage`.
// node tests/js/coverage.js DATA REPORT: V8's counts are in DATA/node and DATA/chromium, the source
// maps of the bundles in DATA/maps; REPORT gets the pages.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CoverageReport } from "monocart-coverage-reports";

const [DATA, REPORT] = process.argv.slice(2);
const SOURCES = new URL("../../browser/", import.meta.url).href;
/** Per cent of the lines, which may not become fewer. */
const FLOOR = 91;

const files = (folder) => readdirSync(join(DATA, folder)).map((name) => join(DATA, folder, name));
const read = (file) => readFileSync(file, "utf8");

/**
 * Of two pages in one process, V8 tells the second only what has run since it told the first. Where
 * that leaves out the script itself, nothing has run but the functions in the list.
 */
function withMap({ url, functions }) {
  const [, name, hash] = /([\w-]+\.min)(?:\.(\w{12}))?\.js$/.exec(url);
  const source = read(`notify/static/notify/${name}.js`);
  if (hash && !createHash("md5").update(source).digest("hex").startsWith(hash)) throw new Error(`${url} has changed since it was measured`);
  const whole = { functionName: "", isBlockCoverage: true, ranges: [{ startOffset: 0, endOffset: source.length, count: 0 }] };
  const rest = functions[0].ranges[0].endOffset === source.length ? [] : [whole];
  const sourceMap = JSON.parse(read(join(DATA, "maps", `${name}.js.map`)));
  return { url: `bundle:${name}.js`, functions: [...rest, ...functions], source, sourceMap };
}

// Minified code has other statements and branches than its source; functions and lines are the same.
const report = new CoverageReport({
  name: "browser/",
  outputDir: REPORT,
  reports: [["v8", { metrics: ["functions", "lines"] }], ["console-details", { metrics: ["functions", "lines"], skipPercent: 100 }]],
  entryFilter: ({ url }) => url.startsWith(SOURCES) || url.startsWith("bundle:"),
  sourceFilter: (path) => !path.includes("shared:"), // what a bundle takes from the bell's
  sourcePath: (path) => path.replace(/^(.*browser\/)?/, "browser/"),
  // types.js has no code, only the types of the others.
  all: { dir: ["browser"], filter: { "**/types.js": false, "**/*.js": true } },
  logging: "error",
});
await report.addFromDir(join(DATA, "node"));
for (const file of files("chromium")) await report.add(JSON.parse(read(file)).map(withMap));
const { pct } = (await report.generate()).summary.lines;
if (pct < FLOOR) {
  console.error(`Of the lines of browser/ the tests ran ${pct} %, less than ${FLOOR} %.`);
  process.exitCode = 1;
}
