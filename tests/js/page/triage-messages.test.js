import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { translate } from "../../../browser/page/translation.js";
import { triageMessages } from "../../../browser/page/triage-messages.js";

afterEach(() => translate({}));

test("the bar counts what is selected, also in another language", () => {
  assert.deepEqual([1, 1200].map(triageMessages.selected), ["1 selected", "1,200 selected"]);
  translate({ "{count} selected": "{count} ausgewählt", Read: "Gelesen", Unread: "Ungelesen" });
  assert.deepEqual([triageMessages.selected(3), triageMessages.read, triageMessages.unread], ["3 ausgewählt", "Gelesen", "Ungelesen"]);
});
