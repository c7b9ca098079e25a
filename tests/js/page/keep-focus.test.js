import assert from "node:assert/strict";
import { test } from "node:test";
import { setShown } from "../../../browser/page/keep-focus.js";
import { shown } from "../fakes.js";

/** How often the heir gets the focus when this is hidden or shown; `inside`: it was in it. */
function inherited({ inside, isShown }) {
  const active = {};
  const element = { hidden: isShown, contains: (one) => inside && one === active, getRootNode: () => ({ activeElement: active }) };
  let times = 0;
  setShown(element, isShown, () => {
    assert.equal(element.hidden, true, "the focus moves once it is hidden");
    times += 1;
  });
  assert.equal(element.hidden, !isShown);
  return times;
}

test("a focus in what is hidden goes to its heir", () => {
  assert.equal(inherited({ inside: true, isShown: false }), 1);
});

test("a focus elsewhere, or in what is shown, stays", () => {
  assert.equal(inherited({ inside: false, isShown: false }), 0);
  assert.equal(inherited({ inside: true, isShown: true }), 0);
});
