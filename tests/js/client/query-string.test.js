// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { queryString } from "../../../browser/client/query-string.js";

test("what has a value is in the query, escaped; nothing is no query", () => {
  assert.equal(queryString({ epoch: "a&b=", since: 0, zone: "Europe/Berlin" }), "?epoch=a%26b%3D&since=0&zone=Europe%2FBerlin");
  assert.equal(queryString({ language: "", zone: undefined }), "");
});
