import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ofSite, ofTab } from "../../browser/page/browser-storage.js";
import { isKeptUser, keepForUser } from "../../browser/page/kept-user.js";
import { loadAnewOnce } from "../../browser/page/other-user.js";

class Memory {
  #texts = new Map();
  getItem(key) { return this.#texts.get(key) ?? null; }
  setItem(key, value) { this.#texts.set(key, String(value)); }
  removeItem(key) { this.#texts.delete(key); }
}

const give = (name, get) => Object.defineProperty(globalThis, name, { get, configurable: true });
const denied = () => { throw new DOMException("denied", "SecurityError"); };

afterEach(() => {
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "location"]) delete globalThis[name];
});

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

test("a page is loaded anew once, and never where it cannot be kept that it was", () => {
  const memory = new Memory();
  const loaded = [];
  give("location", () => ({ pathname: "/", search: "", replace: (address) => loaded.push(address) }));
  give("sessionStorage", () => memory);
  loadAnewOnce("ada");
  loadAnewOnce("ada");
  assert.deepEqual(loaded, ["/"]);
  assert.equal(ofTab.get("notify-loaded-anew"), "ada");
  give("sessionStorage", denied);
  loadAnewOnce("ada");
  assert.deepEqual(loaded, ["/"]);
});
