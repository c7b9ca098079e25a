// @ts-check
const CEILING_MS = 30_000;
const FIRST_MS = 500;

/**
 * Full jitter: a random wait in [0, min(30 s, 0.5 s · 2ⁿ)], so that clients of the same server do not
 * reconnect together.
 *
 * @param {number} failures n, how many sockets in a row have failed before
 * @param {() => number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoff(failures, random) {
  return random() * Math.min(CEILING_MS, FIRST_MS * 2 ** failures);
}

export const NOT_SIGNED_IN = 4401;
export const UNSUPPORTED_PROTOCOL = 4406;
/** What a browser reports for a connection that ended without a close frame. */
export const ABNORMAL = 1006;

/**
 * What to do after a close code. Its hundreds digit decides; unknown codes back off.
 *
 * @param {number} code
 * @returns {"ask" | "stop" | "back-off" | "at-once"} `ask`: ask by HTTP whether still signed in
 */
export function reactionTo(code) {
  if (code === NOT_SIGNED_IN) return "ask";
  if (code >= 4400 && code < 4500) return "stop";
  if (code >= 4600 && code < 4700) return "at-once";
  return "back-off";
}
