// What a browser loads, made of the modules beside this file: `make bundles`. With --check nothing
// is written, and what is not what the modules give is named. --maps FOLDER writes the source maps.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
const STATIC = fileURLToPath(new URL("../notify/static/notify/", import.meta.url));
/** It has the client; a page that has another of the client's scripts has this one too. */
const SHARED = "elements/bell.js";
const BESIDE = ["elements/elements.js", "page/operations.js", "admin/admin-person.js"];
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
 * Takes the modules that are in the shared script from there. In a page as the server wrote it, that
 * one has run. Where scripts come in another order, it is loaded; only the page knows its hashed
 * name, so that cannot stand in an `import` line.
 *
 * @param {{ exports: string[], modules: string[] }} shared
 * @returns {import("esbuild").Plugin}
 */
function takenFrom({ exports, modules }) {
  const contents = `
    import { pageConfig as config } from "./page/page-config.js";
    export const { ${exports.join(", ")} } =
      globalThis[Symbol.for("notify")] ?? (await import(new URL(config().script, document.baseURI).href), globalThis[Symbol.for("notify")]);
  `;
  return {
    name: "shared",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, namespace, resolveDir }) => {
        const module = relative(SOURCES, join(resolveDir, path));
        if (namespace === "file" && modules.includes(module)) return { path: SHARED, namespace: "shared" };
      });
      onLoad({ filter: /./, namespace: "shared" }, () => ({ contents, resolveDir: SOURCES }));
    },
  };
}

const shared = await bundled(SHARED);
const others = [...BESIDE.map((entry) => bundled(entry, takenFrom(shared))), ...ALONE.map((entry) => bundled(entry))];
const bundles = [shared, ...(await Promise.all(others))];
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
