import assert from "node:assert/strict";
import { test } from "node:test";
import { ofSite } from "../../../browser/page/browser-storage.js";
import { denied, give, Memory } from "../page-fakes.js";

test("what is kept is there until it goes", () => {
  const memory = new Memory();
  give("localStorage", () => memory);
  assert.equal(ofSite.set("a", "1"), true);
  assert.equal(ofSite.get("a"), "1");
  assert.equal(ofSite.set("a", null), true);
  assert.equal(ofSite.get("a"), null);
});

test("where nothing is kept nothing is there, and nothing throws", () => {
  const full = new Memory();
  full.setItem = denied;
  for (const storage of [denied, () => undefined, () => null, () => full]) {
    give("localStorage", storage);
    assert.equal(ofSite.set("a", "1"), false);
    assert.equal(ofSite.get("a"), null);
  }
});
