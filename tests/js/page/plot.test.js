import assert from "node:assert/strict";
import { test } from "node:test";
import { pointsOf } from "../../../browser/page/plot.js";

test("a value that is missing has no point, and its place stays free", () => {
  const points = pointsOf([1, null, 2], { width: 240, height: 48, readings: 3, top: 2 });
  assert.deepEqual(points, ["0.0,24.0", null, "240.0,2.0"]);
});
