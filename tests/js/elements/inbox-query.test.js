import assert from "node:assert/strict";
import { test } from "node:test";
import { queryOf, searchOf } from "../../../browser/elements/inbox-query.js";

const all = { tab: "all", category: "", level: "", q: "" };

test("an address without a query is the whole inbox, and the inbox has none", () => {
  assert.deepEqual(queryOf(""), all);
  assert.equal(searchOf(all), "");
});

for (const query of [{ ...all, tab: "archived" }, { ...all, category: "a&b=c", q: "50 % + ünï" }, { tab: "unread", category: "ops", level: "error", q: "x" }]) {
  test(`${searchOf(query)} leads to what it was made of`, () => assert.deepEqual(queryOf(searchOf(query)), query));
}

test("what somebody wrote into the address is taken as far as it is known", () => {
  assert.deepEqual(queryOf("?tab=nonsense&q=%20words%20&page=7"), { ...all, q: "words" });
});
