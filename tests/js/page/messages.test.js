import assert from "node:assert/strict";
import { test } from "node:test";
import { messages } from "../../../browser/page/messages.js";
import { give } from "../page-fakes.js";

test("counts and titles are put into the words", () => {
  give("document", () => ({ documentElement: { lang: "en" } }));
  assert.equal(messages.fresh(1_204), "1,204 new");
  assert.equal(messages.freshCritical(12, 3), "12 new, 3 critical");
  assert.equal(messages.moreToasts(7), "+7 more");
  assert.equal(messages.minutes(4), "4 min");
  assert.equal(messages.unreadAtLevel("critical"), "Unread, critical: ");
});

test("braces in a title are the title's own", () => {
  assert.equal(messages.oneNew("{title} {count}"), "New notification: {title} {count}");
  assert.equal(messages.critical("{title}"), "Critical: {title}");
});
