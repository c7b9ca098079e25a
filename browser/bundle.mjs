// What a browser loads, made of the modules beside this file: `make bundles`. With --check nothing
// is written, and what is not what the modules give is named. --maps FOLDER writes the source maps.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
const STATIC = fileURLToPath(new URL("../notify/static/notify/", import.meta.url));
/** It has the client; a page that has another of the client's scripts has this one too. */
const BELL = { entry: "elements/bell.js", symbol: "notify", address: "script" };
/** What a page needs once something arrives, or somebody reaches for the bell. */
const PANEL = { entry: "elements/panel.js", symbol: "notify panel", address: "panel" };
const BESIDE = ["elements/elements.js", "elements/row-menu.js", "elements/preferences.js", "page/operations.js", "admin/admin-person.js", "admin/admin-online.js"];
/** Without a client. */
const ALONE = ["admin/admin.js", "page/signed-out.js"];

/**
 * @param {string} entry
 * @param {import("esbuild").Plugin[]} plugins
 */
async function bundled(entry, ...plugins) {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: SOURCES,
    outdir: ".",
    outExtension: { ".js": ".min.js" },
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    keepNames: true, // an error's stack is read by people
    charset: "utf8",
    banner: { js: "/* notify, MIT License; made of browser/ by `make bundles` */" },
    write: false,
    sourcemap: "external", // no script names one
    metafile: true,
    plugins,
  });
  const [map, script] = outputFiles;
  const { exports } = metafile.outputs[relative(SOURCES, script.path)];
  return { name: basename(script.path), text: script.text, map: map.text, exports, modules: Object.keys(metafile.inputs) };
}

/**
 * Takes the modules that are in a shared script from there. In a page as the server wrote it, that
 * one has run. Where scripts come in another order, it is loaded; only the page knows its hashed
 * name, so that cannot stand in an `import` line.
 *
 * @param {{ entry: string, symbol: string, address: string }} shared
 * @param {{ exports: string[], modules: string[] }} made
 * @returns {import("esbuild").Plugin}
 */
function takenFrom({ entry, symbol, address }, { exports, modules }) {
  const held = `globalThis[Symbol.for("${symbol}")]`;
  const contents = `
    import { pageConfig as config } from "./page/page-config.js";
    export const { ${exports.join(", ")} } =
      ${held} ?? (await import(new URL(config().${address}, document.baseURI).href), ${held});
  `;
  return {
    name: entry,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, namespace, resolveDir }) => {
        const module = relative(SOURCES, join(resolveDir, path));
        if (namespace === "file" && modules.includes(module)) return { path: entry, namespace: entry };
      });
      onLoad({ filter: /./, namespace: entry }, () => ({ contents, resolveDir: SOURCES }));
    },
  };
}

const bell = await bundled(BELL.entry);
const panel = await bundled(PANEL.entry, takenFrom(BELL, bell));
const shared = [takenFrom(BELL, bell), takenFrom(PANEL, panel)];
const others = [...BESIDE.map((entry) => bundled(entry, ...shared)), ...ALONE.map((entry) => bundled(entry))];
const bundles = [bell, panel, ...(await Promise.all(others))];
const made = new Map(bundles.map(({ name, text }) => [name, text]));
const there = readdirSync(STATIC).filter((name) => name.endsWith(".js"));
const surplus = there.filter((name) => name.endsWith(".min.js") && !made.has(name));
const astray = there.filter((name) => !name.endsWith(".min.js"));
const stale = [...made.keys()].filter((name) => !there.includes(name) || readFileSync(join(STATIC, name), "utf8") !== made.get(name));

for (const name of astray) console.error(`notify/static/notify/${name} is a source, whose place is browser/: git mv`);
if (astray.length) process.exitCode = 1;
else if (process.argv.includes("--maps")) {
  const folder = process.argv[process.argv.indexOf("--maps") + 1];
  mkdirSync(folder, { recursive: true });
  for (const { name, map } of bundles) writeFileSync(join(folder, `${name}.map`), map);
} else if (process.argv.includes("--check")) {
  for (const name of [...surplus, ...stale]) console.error(`notify/static/notify/${name} is not what browser/ gives: make bundles`);
  process.exitCode = surplus.length + stale.length ? 1 : 0;
} else {
  for (const name of surplus) rmSync(join(STATIC, name));
  for (const name of stale) writeFileSync(join(STATIC, name), made.get(name));
}
