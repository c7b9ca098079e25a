// @ts-check
import { write } from "../page/dom.js";

/**
 * Shows one state of the bell's panel, and says what there is to say.
 *
 * @param {import("./client-element.js").ClientElement} bell
 * @param {"loading" | "rows" | "empty" | "failed"} state
 * @param {string} [note] about the connection
 * @param {string} [action] the label of the button beside it; none: no button
 */
export function showPanel(bell, state, note = "", action = "") {
  bell.find(".panel").dataset.state = state;
  write(bell.find(".panel-note"), note);
  const button = bell.find(".panel-action");
  button.hidden = action === "";
  write(button, action);
}
