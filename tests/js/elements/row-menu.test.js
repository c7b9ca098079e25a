import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { targetsOf } from "../../../browser/elements/row-menu.js";
import { declareCategories } from "../../../browser/page/categories.js";
import { row } from "../fakes.js";

afterEach(() => declareCategories({}));

test("what can be muted of a row: what it is about, who did it, and its category", () => {
  declareCategories({ orders: { label: "Orders", icon: "" } });
  const all = row(1, { about: { type: "order", id: "A:7" }, actor: { id: 7, name: "Ada" }, category: "orders" });
  assert.deepEqual(targetsOf(all), {
    thing: { target: "thing:order:A:7", name: "" },
    actor: { target: "actor:7", name: "Ada" },
    category: { target: "category:orders", name: "Orders" },
  });
});

test("a row of nobody, in no category, about nothing, has nothing that can be muted", () => {
  assert.deepEqual(targetsOf(row(1, { actor: null, category: "" })), { thing: null, actor: null, category: null });
});
