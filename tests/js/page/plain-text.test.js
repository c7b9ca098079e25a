// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText } from "../../../browser/page/plain-text.js";

test("what turns the direction around goes, and what is isolated stays so", () => {
  for (const mark of "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") assert.equal(plainText(`a${mark}b`), "ab");
  assert.equal(plainText("From \u2068עדה\u2069."), "From \u2068עדה\u2069.");
  assert.equal(plainText("\u2068a\u202eb\u2069\u2069 \u2068\u2068c\u2069"), "\u2068ab\u2069 \u2068c\u2069");
});
