// @ts-check
/**
 * A clock for durations: it never goes back, whatever is done to the computer's clock, and a sleep
 * counts. `performance.now()` alone may stand still in a sleep (W3C High Resolution Time, 8.1), and
 * `Date.now()` alone goes back when the clock is set; so of the two, the one that went further.
 *
 * @param {() => number} monotonic milliseconds that only grow, and may not count sleep
 * @param {() => number} wall milliseconds since 1970, and may be set
 * @returns {() => number} milliseconds since this call
 */
export function steadyClock(monotonic, wall) {
  let [before, then] = [monotonic(), wall()];
  let passed = 0;
  return () => {
    const [now, today] = [monotonic(), wall()];
    passed += Math.max(now - before, today - then);
    [before, then] = [now, today];
    return passed;
  };
}

/** Of this page. */
export const elapsed = steadyClock(() => performance.now(), () => Date.now());
