import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceOf, holdsOpen, quietOf, valueOf } from "../../../browser/page/choices.js";
import { give } from "../page-fakes.js";

test("a choice is on, off, or left to others", () => {
  assert.deepEqual(["on", "off", ""].map(valueOf), [{ value: true }, { value: false }, { value: null }]);
  assert.deepEqual([true, false, null].map((value) => choiceOf(value, "")), ["on", "off", ""]);
});

test("what leaves the browser comes so often; what is off or not chosen has no rhythm", () => {
  assert.deepEqual(valueOf("daily"), { value: true, rhythm: "daily" });
  assert.deepEqual([true, false, null].map((value) => choiceOf(value, "daily")), ["daily", "off", ""]);
});

test("quiet hours are saved once both ends are there", () => {
  assert.equal(quietOf(false, "22:00", "07:00"), null);
  assert.deepEqual(quietOf(true, "22:00", "07:00"), { start: "22:00", end: "07:00" });
  assert.deepEqual([quietOf(true, "", "07:00"), quietOf(true, "22:00", "")], [undefined, undefined]);
});

test("a select that is open is left alone; where browsers do not tell, one that has the focus", () => {
  const select = (...matched) => ({ matches: (selector) => matched.includes(selector) });
  give("CSS", () => ({ supports: () => true }));
  assert.deepEqual([holdsOpen(select(":open", ":focus")), holdsOpen(select(":focus"))], [true, false]);
  give("CSS", () => ({ supports: () => false }));
  assert.deepEqual([holdsOpen(select(":focus")), holdsOpen(select())], [true, false]);
});
