import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyPlot } from "../../browser/elements/latency-plot.js";
import { pointsOf } from "../../browser/page/plot.js";

const drawn = (...measured) => {
  let points = "";
  const line = { setAttribute: (_, value) => (points = value) };
  const plot = new LatencyPlot({ querySelector: () => line, toggleAttribute: () => undefined });
  for (const ms of measured) plot.add(ms);
  return points.split(" ").map((point) => point.split(",").map(Number));
};

test("the newest round trip is at the right edge, and a longer one is drawn higher", () => {
  const points = drawn(10, 40);
  assert.equal(points[1][0], 120);
  assert.ok(points[0][0] < 120);
  assert.ok(points[1][1] < points[0][1]);
});

test("round trips of some milliseconds are drawn level, however they differ", () => {
  const [one, other] = drawn(1, 3).map(([, y]) => y);
  assert.ok(Math.abs(one - other) < 4);
});

test("a value that is missing has no point, and its place stays free", () => {
  const points = pointsOf([1, null, 2], { width: 240, height: 48, readings: 3, top: 2 });
  assert.deepEqual(points, ["0.0,24.0", null, "240.0,2.0"]);
});
