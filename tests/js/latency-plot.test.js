import assert from "node:assert/strict";
import { test } from "node:test";
import { pointsOf } from "../../browser/latency-plot.js";

test("the newest round trip is at the right edge, and a longer one is drawn higher", () => {
  const points = pointsOf([10, 40]).split(" ").map((point) => point.split(",").map(Number));
  assert.equal(points[1][0], 120);
  assert.ok(points[0][0] < 120);
  assert.ok(points[1][1] < points[0][1]);
});

test("round trips of some milliseconds are drawn level, however they differ", () => {
  const [one, other] = pointsOf([1, 3]).split(" ").map((point) => Number(point.split(",")[1]));
  assert.ok(Math.abs(one - other) < 4);
});
