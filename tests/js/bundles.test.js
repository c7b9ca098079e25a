import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const SOURCES = new URL("../../browser/", import.meta.url);
const STATIC = new URL("../../notify/static/notify/", import.meta.url);
const SCRIPTS = readdirSync(STATIC).filter((name) => name.endsWith(".js"));
const OF_ONE_PAGE = ["bell.min.js", "panel.min.js", "elements.min.js", "row-menu.min.js", "preferences.min.js", "operations.min.js"];

const read = (name, folder = STATIC) => readFileSync(new URL(name, folder), "utf8");

test("no script names another one, as only the server knows its hash", () => {
  for (const name of SCRIPTS) assert.doesNotMatch(read(name), /\bimport\s*(?:["'{*]|\(\s*["'`])|\bfrom\s*["']\.|sourceMappingURL/, name);
});

test("each class is in one script of a page, by the name that it has in the sources", () => {
  const sources = readdirSync(SOURCES, { recursive: true }).filter((name) => name.endsWith(".js") && !name.startsWith("admin/"));
  const classes = sources.flatMap((name) => [...read(name, SOURCES).matchAll(/^(?:export )?class (\w+)/gm)].map(([, found]) => found));
  assert.ok(classes.includes("NotifyClient"));
  for (const found of classes) {
    const holders = OF_ONE_PAGE.filter((name) => read(name).includes(`"${found}"`));
    assert.equal(holders.length, 1, `${found}: ${holders}`);
  }
});
