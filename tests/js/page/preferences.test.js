import assert from "node:assert/strict";
import { test } from "node:test";
import { setWanted, wants } from "../../../browser/page/preferences.js";
import { denied, give, Memory } from "../page-fakes.js";

test("nothing is wanted until somebody wants it, each for itself", () => {
  const memory = new Memory();
  give("localStorage", () => memory);
  assert.deepEqual([wants("sound"), wants("desktop")], [false, false]);
  setWanted("sound", true);
  assert.deepEqual([wants("sound"), wants("desktop")], [true, false]);
  setWanted("sound", false);
  assert.equal(wants("sound"), false);
});

test("where nothing can be kept nothing is wanted", () => {
  give("localStorage", denied);
  setWanted("desktop", true);
  assert.equal(wants("desktop"), false);
});
