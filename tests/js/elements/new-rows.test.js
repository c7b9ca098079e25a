import assert from "node:assert/strict";
import { test } from "node:test";
import { NewRows } from "../../../browser/elements/new-rows.js";
import { row } from "../fakes.js";

/** A list that is being read while `isRead`, with its pill. */
function list() {
  const it = { isRead: false, presses: 0 };
  const element = { firstElementChild: {}, matches: () => it.isRead, querySelector: () => null };
  const pill = { hidden: true, textContent: "", matches: () => false, addEventListener: (_, press) => (it.press = press) };
  const fresh = new NewRows({ list: element, pill, shown: () => (it.presses += 1), isScrolled: () => false });
  const draw = (...ids) => fresh.admitted(ids.map((id) => row(id))).map(({ id }) => id);
  return Object.assign(it, { element, pill, fresh, draw });
}

test("what arrives is let in, unless the list is being read", () => {
  const it = list();
  assert.deepEqual(it.draw(2, 1), [2, 1]);
  assert.deepEqual(it.draw(3, 2, 1), [3, 2, 1]);
  it.isRead = true;
  assert.deepEqual(it.draw(5, 4, 3, 2, 1), [3, 2, 1]);
  assert.deepEqual([it.pill.hidden, it.pill.textContent], [false, "2 new"]);
});

test("a press lets in all that waits, and from then on the rest waits", () => {
  const it = list();
  it.draw(1);
  it.isRead = true;
  it.draw(2, 1);
  it.press();
  assert.equal(it.presses, 1);
  assert.deepEqual([it.draw(2, 1), it.pill.hidden], [[2, 1], true]);
  assert.deepEqual(it.draw(3, 2, 1), [2, 1]);
});

test("once nobody reads it any more, all is let in", () => {
  const it = list();
  it.draw(1);
  it.isRead = true;
  it.draw(2, 1);
  it.isRead = false;
  assert.deepEqual([it.draw(2, 1), it.pill.hidden], [[2, 1], true]);
});

test("older ones that are loaded while it is read are shown, and one that goes is gone", () => {
  const it = list();
  it.draw(3, 2);
  it.isRead = true;
  assert.deepEqual(it.draw(4, 3, 1), [3, 1]);
});

test("a list that has become empty is not being read", () => {
  const it = list();
  it.draw(1);
  it.isRead = true;
  it.element.firstElementChild = null;
  assert.deepEqual(it.draw(2), [2]);
});
