import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenWatcher } from "../../../browser/elements/seen-watcher.js";
import { give } from "../page-fakes.js";

/** A watcher of rows "one" and "two", ids 1 and 2, and all that it has told. */
function watching(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const it = { told: [], visibility: "visible", observed: new Set(), ended: new AbortController() };
  give("window", () => globalThis);
  give("IntersectionObserver", () => class {
    constructor(moved) { it.moved = moved; }
    observe(element) { it.observed.add(element); }
    unobserve(element) { it.observed.delete(element); }
    disconnect() { it.observed.clear(); }
  });
  give("document", () => ({
    get visibilityState() { return it.visibility; },
    addEventListener: (_, listener) => (it.turned = listener),
  }));
  it.rows = [{}, {}];
  const watcher = new SeenWatcher((ids) => it.told.push([...ids]), it.ended.signal);
  it.rows.forEach((element, at) => watcher.watch(element, at + 1));
  const scroll = (...places) => it.moved(places.map(([target, isIntersecting]) => ({ target, isIntersecting })));
  return Object.assign(it, { watcher, scroll, pass: (ms) => context.mock.timers.tick(ms) });
}

test("what has been on the screen for a while is seen, at one time", (context) => {
  const it = watching(context);
  it.scroll([it.rows[0], true]);
  it.pass(200);
  it.scroll([it.rows[1], true]);
  it.pass(199);
  assert.deepEqual(it.told, []);
  it.pass(1);
  assert.deepEqual(it.told, [[1, 2]]);
});

test("what was only scrolled past is not", (context) => {
  const it = watching(context);
  it.scroll([it.rows[0], true]);
  it.pass(100);
  it.scroll([it.rows[0], false], [it.rows[1], true]);
  it.pass(400);
  assert.deepEqual(it.told, [[2]]);
});

test("a page that nobody looks at sees nothing until it is looked at", (context) => {
  const it = watching(context);
  it.visibility = "hidden";
  it.scroll([it.rows[0], true]);
  it.pass(1_000);
  assert.deepEqual(it.told, []);
  it.visibility = "visible";
  it.turned();
  it.pass(400);
  assert.deepEqual(it.told, [[1]]);
});

test("a row that is gone is not seen, nor observed", (context) => {
  const it = watching(context);
  it.scroll([it.rows[0], true]);
  it.watcher.forget(it.rows[0]);
  it.pass(400);
  assert.deepEqual(it.told, []);
  assert.deepEqual([...it.observed], [it.rows[1]]);
  it.ended.abort();
  assert.equal(it.observed.size, 0);
});
