import assert from "node:assert/strict";
import { test } from "node:test";
import { isKeptUser, keepForUser } from "../../../browser/page/kept-user.js";
import { denied, give, Memory } from "../page-fakes.js";

test("what is kept of one person goes when another comes, or nobody", () => {
  const memory = new Memory();
  let deleted = 0;
  give("localStorage", () => memory);
  give("indexedDB", () => ({ deleteDatabase: () => { deleted += 1; } }));
  keepForUser("ada");
  keepForUser("ada");
  assert.deepEqual([deleted, isKeptUser("ada")], [1, true]);
  keepForUser("bob");
  assert.deepEqual([deleted, isKeptUser("ada"), isKeptUser("bob")], [2, false, true]);
  keepForUser(null);
  assert.deepEqual([deleted, isKeptUser("bob")], [3, false]);
});

test("a database that is denied stops nothing", () => {
  const memory = new Memory();
  give("localStorage", () => memory);
  for (const database of [denied, () => undefined, () => ({ deleteDatabase: denied })]) {
    give("indexedDB", database);
    keepForUser(null);
    keepForUser("ada");
    assert.equal(isKeptUser("ada"), true);
  }
});
