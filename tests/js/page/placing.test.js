import assert from "node:assert/strict";
import { test } from "node:test";
import { placed, placeBeside } from "../../../browser/page/placing.js";
import { give } from "../page-fakes.js";

const popover = { width: 280, height: 200 };
const desk = { width: 1280, height: 800 };
const at = (left, top) => ({ left, right: left + 32, top, bottom: top + 32 });

test("it is below what it belongs to, end at end, or start at start from right to left", () => {
  assert.deepEqual(placed(at(900, 100), popover, desk, false), { left: 652, top: 136 });
  assert.deepEqual(placed(at(900, 100), popover, desk, true), { left: 900, top: 136 });
});

test("it is above where there is no room below and more above", () => {
  assert.deepEqual(placed(at(900, 700), popover, desk, false), { left: 652, top: 496 });
  assert.deepEqual(placed(at(900, 90), popover, { width: 1280, height: 230 }, false), { left: 652, top: 22 });
});

test("it never leaves the window", () => {
  assert.deepEqual(placed(at(10, 100), popover, desk, false), { left: 8, top: 136 });
  assert.deepEqual(placed(at(1270, 100), popover, desk, true), { left: 992, top: 136 });
});

/** A popover whose style remembers what it was told. */
function shown(innerWidth) {
  const told = [];
  give("innerWidth", () => innerWidth);
  give("innerHeight", () => 800);
  give("document", () => ({ documentElement: { clientWidth: innerWidth } }));
  give("getComputedStyle", () => () => ({ direction: "ltr" }));
  const style = { removeProperty: (name) => told.push([name]), setProperty: (...set) => told.push(set) };
  placeBeside({ offsetWidth: 280, offsetHeight: 200, style }, { getBoundingClientRect: () => at(900, 100) });
  return told;
}

test("on a phone its place is the stylesheet's", () => {
  assert.deepEqual(shown(1280), [["inset"], ["inset", "136px auto auto 652px"]]);
  assert.deepEqual(shown(320), [["inset"]]);
});
