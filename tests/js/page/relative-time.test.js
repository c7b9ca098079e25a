import assert from "node:assert/strict";
import { test } from "node:test";
import { clockTime, fullTime, relativeTime } from "../../../browser/page/relative-time.js";

const now = new Date(2026, 2, 18, 15, 30); // a Wednesday
const written = (...then) => relativeTime(new Date(...then), now, "en");

test("a time is as short as it stays clear", () => {
  assert.equal(written(2026, 2, 18, 15, 29, 30), "now");
  assert.equal(written(2026, 2, 18, 15, 26), "4 min");
  assert.equal(written(2026, 2, 18, 14, 2), "14:02");
  assert.equal(written(2026, 2, 17, 14, 2), "Tue 14:02");
  assert.equal(written(2026, 1, 12, 14, 2), "12 Feb");
  assert.equal(written(2024, 10, 12, 14, 2), "12 Nov 2024");
});

test("a clock that is behind the server's says now", () => {
  assert.equal(written(2026, 2, 18, 15, 33), "now");
});

test("a time is told in the page's language", () => {
  assert.equal(relativeTime(new Date(2026, 1, 12), now, "de"), "12. Feb.");
});

test("a time that stands still is never relative to now", () => {
  assert.equal(clockTime(new Date(2026, 2, 18, 15, 29, 30), now, "en"), "15:29");
  assert.equal(clockTime(new Date(2026, 2, 17, 14, 2), now, "en"), "Tue 14:02");
});

test("the same weekday of a week ago is told by its date", () => {
  assert.equal(written(2026, 2, 12, 15, 31), "Thu 15:31");
  assert.equal(written(2026, 2, 11, 15, 31), "11 Mar");
});

test("the full time has all of it", () => {
  assert.match(fullTime(new Date(2026, 2, 18, 15, 30, 7), "en"), /^Wednesday,? 18 March 2026.* 15:30:07$/);
});
