import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyPlot } from "../../../browser/elements/latency-plot.js";

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
