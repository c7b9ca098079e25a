// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hue, initials } from "../../../browser/page/faces.js";

const { initials: names, hues } = JSON.parse(readFileSync(new URL("../../fixtures/faces.json", import.meta.url), "utf8"));

test("initials are the first characters, as people see them, of the first and the last word", () => {
  for (const [name, letters] of names) assert.equal(initials(name), letters, name);
});

test("what turns the direction around is not in them", () => {
  assert.equal(initials("\u202eAda \u2068Lovelace"), "A\u200cL");
});

test("a person has one colour, here and on the server", () => {
  for (const [key, number] of hues) assert.equal(hue(key), number, key);
});
