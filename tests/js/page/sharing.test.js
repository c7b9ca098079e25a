import assert from "node:assert/strict";
import { test } from "node:test";
import { sharing } from "../../../browser/page/sharing.js";
import { denied, give } from "../page-fakes.js";

const locks = {};

/** A page of a browser that has all of it, but for what is overridden. */
function browser({ navigator = { locks }, Channel = class { close() {} }, visibilityState = "visible" } = {}) {
  give("navigator", () => navigator);
  give("BroadcastChannel", typeof Channel === "function" ? () => Channel : denied);
  give("document", () => ({ visibilityState }));
}

test("tabs that can share do, each under a name of its own", () => {
  browser();
  const [one, other] = [sharing(), sharing()];
  assert.equal(one.share.locks, locks);
  assert.match(one.tab, /^[\da-z]{6,}$/);
  assert.notEqual(one.tab, other.tab);
});

test("a tab knows at each moment whether it is looked at", () => {
  browser();
  const { isVisible } = sharing().share;
  assert.equal(isVisible(), true);
  browser({ visibilityState: "hidden" });
  assert.equal(isVisible(), false);
});

test("over plain HTTP, and in a sandboxed frame, there is nothing to share with", () => {
  browser({ navigator: {} });
  assert.equal(sharing().share, undefined);
  browser({ Channel: class { constructor() { denied(); } } });
  assert.equal(sharing().share, undefined);
  browser({ Channel: null });
  assert.equal(sharing().share, undefined);
});
