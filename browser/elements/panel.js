// @ts-check
// What a page needs once something arrives, or somebody reaches for the bell (page/panel-script.js).
// Every script of the page uses the first copy that runs (bundle.mjs).
import * as shared from "../panel-exports.js";

/** @type {any} */ (globalThis)[Symbol.for("notify panel")] ??= shared;
export * from "../panel-exports.js";
