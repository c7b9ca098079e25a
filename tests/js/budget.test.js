import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import ts from "typescript";
import { BUDGET, modules, modulesOf, weight } from "./budget.js";
import { withoutComments } from "./lean.js";

test("what the bell loads keeps to its budget", () => {
  const weighed = weight();
  for (const [what, most] of Object.entries(BUDGET)) assert.ok(weighed[what] <= most, `${what}: ${weighed[what]}`);
});

test("the bell does not load the inbox, nor its own panel before somebody reaches for it", () => {
  const names = modulesOf("bell.js");
  for (const name of ["notify-inbox.js", "bell-panel.js", "row-list.js", "toasts.js", "messages.js"]) assert.ok(!names.has(name), name);
});

/** What a script is to a machine: its tree, printed without comments. */
function meaning(code) {
  const tree = ts.createSourceFile("a.js", code, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  return ts.createPrinter({ removeComments: true }).printFile(tree);
}

test("a module without its comments is the same program", () => {
  for (const name of readdirSync(new URL("../../notify/static/notify/", import.meta.url)).filter((file) => file.endsWith(".js"))) {
    const lean = withoutComments(modules(name));
    assert.equal(meaning(lean), meaning(modules(name)), name);
    assert.doesNotMatch(lean, /^\s*(\/\*|\/\/|\*)/m, name);
  }
});
