// @ts-check
import { say, written } from "./translation.js";

/** The words of the bar above selected rows. */
export const triageMessages = {
  /** @param {number} count */
  selected: (count) => say("{count} selected", { count: written(count) }),
  get read() { return say("Read"); },
  get unread() { return say("Unread"); },
};
