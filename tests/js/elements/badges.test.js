import assert from "node:assert/strict";
import { test } from "node:test";
import { titleWithBadge } from "../../../browser/elements/badges.js";

test("the title's number is exchanged, and taken away", () => {
  assert.equal(titleWithBadge("Inbox", 3), "(3) Inbox");
  assert.equal(titleWithBadge("(3) Inbox", 120), "(99+) Inbox");
  assert.equal(titleWithBadge("(99+) Inbox", 0), "Inbox");
});
