import assert from "node:assert/strict";
import { test } from "node:test";
import { messages } from "../../../browser/page/messages.js";
import { translate } from "../../../browser/page/translation.js";

test("words come from the page where it has them", () => {
  translate({ "{count} new": "{count} neu" });
  assert.equal(messages.fresh(3), "3 neu");
  assert.equal(messages.archive, "Archive");
  translate({});
});
