import assert from "node:assert/strict";
import { test } from "node:test";
import { markFound } from "../../../browser/page/found-words.js";
import { give } from "../page-fakes.js";

class Text {
  constructor(data) { this.data = data; }
}

class Range {
  setStart(node, at) { Object.assign(this, { node, start: at }); }
  setEnd(_, at) { this.end = at; }
  get text() { return this.node.data.slice(this.start, this.end); }
}

/** What of these texts is marked; each may be a list: texts, and elements in between. */
function marked(words, ...elements) {
  const highlights = new Map([["notify-found", "of before"]]);
  const Highlight = class { constructor(...ranges) { this.ranges = ranges; } };
  for (const [name, value] of Object.entries({ Text, Range, Highlight, CSS: { highlights } })) give(name, () => value);
  const nodes = (element) => [element].flat().map((one) => (typeof one === "string" ? new Text(one) : one));
  const list = { querySelectorAll: () => elements.map((element) => ({ childNodes: nodes(element) })) };
  markFound(list, words);
  return highlights.get("notify-found")?.ranges.map(({ text }) => text) ?? null;
}

test("every place is marked, in each text, however its letters are written", () => {
  assert.deepEqual(marked("LUNCH", "Lunch, then lunch", "no dinner", "a LUNCHBOX"), ["Lunch", "lunch", "LUNCH"]);
});

test("places do not overlap", () => {
  assert.deepEqual(marked("aa", "aaaa a"), ["aa", "aa"]);
});

test("where nothing is found, or searched for, the marks of before are gone", () => {
  assert.equal(marked("supper", "lunch"), null);
  assert.equal(marked("", "lunch"), null);
});

test("an element's own text is searched, not that of the elements in it", () => {
  assert.deepEqual(marked("un", ["Unread: ", { data: "fun" }, "fun"]), ["Un", "un"]);
});

test("a text whose length changes in lower case has no marks, as they would be beside the words", () => {
  assert.equal(marked("bul", "İstanbul"), null);
});

test("a browser that cannot do it is left alone", () => {
  give("CSS", () => ({}));
  markFound({ querySelectorAll: () => assert.fail("nothing is looked for") }, "lunch");
});
