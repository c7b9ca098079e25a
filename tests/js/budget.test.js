import assert from "node:assert/strict";
import { test } from "node:test";
import { BUDGET, weight } from "./budget.js";

test("what a page loads keeps to its budget", () => {
  const weighed = weight();
  for (const [what, most] of Object.entries(BUDGET)) assert.ok(weighed[what] <= most, `${what}: ${weighed[what]}`);
});
