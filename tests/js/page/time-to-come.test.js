import assert from "node:assert/strict";
import { test } from "node:test";
import { timeToCome } from "../../../browser/page/time-to-come.js";

const now = new Date(2026, 2, 18, 15, 30); // a Wednesday
const written = (...then) => timeToCome(new Date(...then), now, "en");

test("a time to come is as short as it stays clear", () => {
  assert.equal(written(2026, 2, 18, 16, 2), "16:02");
  assert.equal(written(2026, 2, 19, 14, 2), "Thu 14:02");
  assert.equal(written(2026, 2, 25, 14, 2), "25 Mar 14:02");
  assert.equal(written(2027, 0, 3, 14, 2), "3 Jan 2027 14:02");
});

test("it is told in the page's language", () => {
  assert.equal(timeToCome(new Date(2026, 3, 12, 9, 0), now, "de"), "12. Apr. 09:00");
});
