import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, part, write } from "../../../browser/page/dom.js";

test("a text is set only where it differs, as a live region says again whatever is set", () => {
  const texts = ["Live"];
  const element = { get textContent() { return texts.at(-1); }, set textContent(text) { texts.push(text); } };
  write(element, "Live");
  write(element, "Reconnecting…");
  write(element, "Reconnecting…");
  assert.deepEqual(texts, ["Live", "Reconnecting…"]);
  write(null, "nowhere");
});

test("a part is found by its selector, and a template's content is copied, not taken", () => {
  assert.equal(part({ querySelector: (selector) => selector }, ".rows"), ".rows");
  const content = { cloneNode: (isDeep) => (isDeep ? "a copy" : "an empty one") };
  assert.equal(clone({ getElementById: (id) => (id === "row" ? { content } : null) }, "row"), "a copy");
});
