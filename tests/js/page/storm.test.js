import assert from "node:assert/strict";
import { test } from "node:test";
import { manyText, Storm } from "../../../browser/page/storm.js";

const row = (level = "info", seen = null) => ({ level, seen });

test("ten within five seconds are many, and critical ones are never among them", (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const storm = new Storm();
  const takes = (level) => storm.takes(row(level));
  for (let n = 1; n < 10; n += 1) assert.equal(takes("error"), false);
  assert.equal(takes("critical"), false);
  assert.equal(takes("error"), true);
  assert.equal(takes("info"), true);
  now = 5_000;
  assert.equal(takes("info"), false);
});

test("what stands for many is the bell's number, with the critical ones where all are known", () => {
  const notifications = [row("critical"), row("info"), row("critical", "seen"), row("info"), row("critical")];
  assert.equal(manyText({ badge: 3, notifications }), "3 new, 1 critical");
  assert.equal(manyText({ badge: 2, notifications: notifications.slice(1, 4) }), "2 new");
  assert.equal(manyText({ badge: 40, notifications }), "40 new");
});
