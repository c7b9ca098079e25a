import assert from "node:assert/strict";
import { test } from "node:test";
import { steadyClock } from "../../../browser/client/steady-clock.js";

/** A computer with its two clocks; `elapsed` is what is made of them. */
function computer() {
  const it = { monotonic: 500, wall: 1_000_000 };
  const pass = (ms) => { it.monotonic += ms; it.wall += ms; };
  return Object.assign(it, { pass, elapsed: steadyClock(() => it.monotonic, () => it.wall) });
}

test("it counts what passes, from its beginning", () => {
  const it = computer();
  assert.equal(it.elapsed(), 0);
  it.pass(300);
  it.pass(40);
  assert.equal(it.elapsed(), 340);
});

test("a clock that is set back takes nothing away and holds nothing up", () => {
  const it = computer();
  it.pass(300);
  it.elapsed();
  it.wall -= 3_600_000;
  it.pass(100);
  assert.equal(it.elapsed(), 400);
  it.pass(100);
  assert.equal(it.elapsed(), 500);
});

test("a sleep counts, though the browser's own clock stood still", () => {
  const it = computer();
  it.wall += 60_000;
  it.pass(10);
  assert.equal(it.elapsed(), 60_010);
  it.pass(10);
  assert.equal(it.elapsed(), 60_020);
});

test("it runs no faster for being asked often", () => {
  const it = computer();
  const elapsed = steadyClock(() => it.monotonic, () => Math.floor(it.wall)); // as Date.now() is
  for (let asked = 0; asked < 10_000; asked += 1) {
    it.pass(0.3);
    elapsed();
  }
  assert.ok(Math.abs(elapsed() - 3_000) < 1, `${elapsed()} ms`);
});
