import assert from "node:assert/strict";
import { test } from "node:test";
import { RowSelection } from "../../../browser/elements/row-selection.js";

/** Of a list 9 … 1, and what of it is selected. */
function selecting() {
  const selection = new RowSelection();
  const list = [9, 8, 7, 6, 5, 4, 3, 2, 1];
  selection.follow(list);
  return { selection, list, selected: () => list.filter((id) => selection.has(id)) };
}

/** The focus goes over these, one step each. */
const goes = (selection, ...ids) => ids.slice(1).forEach((to, at) => selection.extend(ids[at], to));

test("a row is selected, and not any more", () => {
  const { selection, selected } = selecting();
  selection.toggle(7);
  selection.toggle(5);
  assert.deepEqual([selected(), selection.size], [[7, 5], 2]);
  selection.toggle(7);
  assert.deepEqual(selected(), [5]);
});

test("it grows away from where it began, in both directions, and shrinks on the way back", () => {
  const { selection, selected } = selecting();
  goes(selection, 6, 5, 4);
  assert.deepEqual(selected(), [6, 5, 4]);
  goes(selection, 4, 5, 6);
  assert.deepEqual(selected(), [6]);
  goes(selection, 6, 7, 8);
  assert.deepEqual(selected(), [8, 7, 6]);
  goes(selection, 8, 7);
  assert.deepEqual(selected(), [7, 6]);
});

test("at an end of the list the row itself is selected, and stays so", () => {
  const { selection, selected } = selecting();
  goes(selection, 1, 1, 1);
  assert.deepEqual(selected(), [1]);
});

test("it goes on from a row that was toggled, and begins anew at one that is not selected", () => {
  const { selection, selected } = selecting();
  selection.toggle(8);
  goes(selection, 8, 7);
  goes(selection, 3, 2, 3);
  assert.deepEqual(selected(), [8, 7, 3]);
});

test("where it began is not selected any more: it begins anew", () => {
  const { selection, selected } = selecting();
  goes(selection, 8, 7, 6);
  selection.toggle(8);
  goes(selection, 6, 5);
  assert.deepEqual(selected(), [7, 6, 5]);
});

test("with Shift, all from the row that was pressed last become what the pressed one becomes", () => {
  const { selection, selected } = selecting();
  selection.toggle(7);
  selection.toggleTo(4);
  assert.deepEqual(selected(), [7, 6, 5, 4]);
  selection.toggleTo(9);
  assert.deepEqual(selected(), [9, 8, 7, 6, 5, 4]);
  selection.toggleTo(6);
  assert.deepEqual(selected(), [5, 4]);
});

test("with Shift and nothing pressed before, or what was pressed has gone, it is that row alone", () => {
  const { selection, list, selected } = selecting();
  selection.toggleTo(5);
  assert.deepEqual(selected(), [5]);
  selection.follow(list.filter((id) => id !== 5));
  selection.toggleTo(2);
  assert.deepEqual(selected(), [2]);
});

test("arrivals select nothing, and what leaves the list is not selected when it comes back", () => {
  const { selection, list, selected } = selecting();
  goes(selection, 9, 8, 7);
  list.unshift(11, 10);
  selection.follow(list);
  assert.deepEqual(selected(), [9, 8, 7]);
  selection.follow(list.filter((id) => id !== 8));
  selection.follow(list);
  assert.deepEqual([selected(), selection.size], [[9, 7], 2]);
});

test("it is cleared, and tells whether there was anything", () => {
  const { selection, selected } = selecting();
  assert.equal(selection.clear(), false);
  selection.toggle(4);
  assert.equal(selection.clear(), true);
  assert.deepEqual([selected(), selection.size], [[], 0]);
  selection.toggleTo(2); // from nowhere
  assert.deepEqual(selected(), [2]);
});
