// @ts-check
/** @returns {string} the name of this browser's time zone, as "Europe/Berlin" */
export function browserZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Tells the server this browser's zone, for the times that it writes: they stay as they are where no script runs. */
export function tellZone() {
  const cookie = `notify_zone=${browserZone()}`;
  const secure = location.protocol === "https:" ? ";secure" : "";
  try {
    if (document.cookie.split("; ").includes(cookie)) return;
    document.cookie = `${cookie};path=/;max-age=31536000;samesite=lax${secure}`;
  } catch {
    // a sandboxed frame has no cookies
  }
}
