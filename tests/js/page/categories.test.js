// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { categoryIcon, categoryLabel, declareCategories } from "../../../browser/page/categories.js";

test("a category that a kind declares has a label and an icon, any other its key", () => {
  assert.deepEqual([categoryLabel("orders"), categoryIcon("orders")], ["orders", ""]);
  declareCategories({ orders: { label: "Bestellungen", icon: "M2 4h12" } });
  assert.deepEqual([categoryLabel("orders"), categoryIcon("orders")], ["Bestellungen", "M2 4h12"]);
  assert.deepEqual([categoryLabel("news"), categoryIcon("news")], ["news", ""]);
});
