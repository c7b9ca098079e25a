import assert from "node:assert/strict";
import { test } from "node:test";
import { ofTab } from "../../../browser/page/browser-storage.js";
import { allowLoadingAnew, loadAnewOnce } from "../../../browser/page/other-user.js";
import { denied, give, Memory } from "../page-fakes.js";

test("a page is loaded anew once, and never where it cannot be kept that it was", () => {
  const memory = new Memory();
  const loaded = [];
  give("location", () => ({ pathname: "/", search: "", replace: (address) => loaded.push(address) }));
  give("sessionStorage", () => memory);
  loadAnewOnce("ada");
  loadAnewOnce("ada");
  assert.deepEqual(loaded, ["/"]);
  assert.equal(ofTab.get("notify-loaded-anew"), "ada");
  give("sessionStorage", denied);
  loadAnewOnce("ada");
  assert.deepEqual(loaded, ["/"]);
});

test("once a page was its user's, another one would be loaded again", () => {
  const memory = new Memory();
  let loaded = 0;
  give("location", () => ({ pathname: "/", search: "", replace: () => (loaded += 1) }));
  give("sessionStorage", () => memory);
  loadAnewOnce("ada");
  allowLoadingAnew();
  loadAnewOnce("ada");
  assert.equal(loaded, 2);
});
