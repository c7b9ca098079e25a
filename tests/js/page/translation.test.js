import assert from "node:assert/strict";
import { test } from "node:test";
import { messages } from "../../../browser/page/messages.js";
import { badgeText, say, translate, written } from "../../../browser/page/translation.js";
import { give } from "../page-fakes.js";

test("words come from the page where it has them", () => {
  translate({ "{count} new": "{count} neu" });
  assert.equal(messages.fresh(3), "3 neu");
  assert.equal(messages.archive, "Archive");
  translate({});
});

test("a value that is not there leaves a gap, and not its name", () => {
  assert.equal(say("{count} of {most}", { count: "3" }), "3 of ");
});

test("numbers are written as the page's language has them", () => {
  give("document", () => ({ documentElement: { lang: "de" } }));
  assert.equal(written(1_204), "1.204");
});

test("a badge has room for two digits", () => {
  assert.deepEqual([1, 99, 100].map(badgeText), ["1", "99", "99+"]);
});
