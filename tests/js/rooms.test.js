import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../../browser/", import.meta.url));
const ROOMS = ["client", "page", "elements", "admin"]; // none imports from one after it
const modules = readdirSync(SOURCES, { recursive: true }).filter((name) => name.endsWith(".js") && name.includes("/"));
const read = (name) => readFileSync(join(SOURCES, name), "utf8");

/** @returns {string[]} */
const imported = (name) => [...read(name).matchAll(/(?:from|^import) "(\..+?)"/gm)].map(([, path]) => join(dirname(name), path));
const floor = (name) => ROOMS.indexOf(name.split("/")[0]);

test("every module is in a room, and imports from none above it", () => {
  assert.ok(modules.length > 60);
  for (const name of modules) {
    assert.notEqual(floor(name), -1, name);
    const above = imported(name).filter((other) => other !== "exports.js" && floor(other) > floor(name));
    assert.deepEqual(above, [], name);
  }
});

test("no modules import each other in a circle", () => {
  const done = new Set();
  const visit = (name, path) => {
    assert.ok(!path.includes(name), `${[...path, name]}`);
    if (done.has(name) || name === "exports.js") return;
    for (const other of imported(name)) visit(other, [...path, name]);
    done.add(name);
  };
  for (const name of modules) visit(name, []);
});

test("the client knows no DOM", () => {
  for (const name of modules.filter((one) => one.startsWith("client/"))) {
    const code = read(name).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, /\b(document|window|localStorage|location|HTMLElement)\b(?!["':])/, name);
  }
});
