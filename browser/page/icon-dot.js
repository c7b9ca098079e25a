// @ts-check
const SIZE = 32;
const DOT = 10;

/** @type {{ link: HTMLLinkElement, own: string } | null} the page's icon, as it was */
let icon = null;
let wanted = false;

/**
 * A dot on the page's icon. The icon becomes a data URL, so the page's CSP must allow `img-src data:`.
 *
 * @param {boolean} isThere
 */
export async function dotOnIcon(isThere) {
  if (isThere === wanted) return;
  wanted = isThere;
  const link = icon?.link ?? /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel~="icon"]'));
  if (!link) return;
  icon ??= { link, own: link.href };
  try {
    const drawn = isThere ? await withDot(icon.own) : icon.own;
    if (isThere === wanted) link.href = drawn;
  } catch {
    // not an image, or from another origin
  }
}

/**
 * @param {string} address
 * @returns {Promise<string>} the address of a picture
 */
async function withDot(address) {
  const image = new Image(SIZE, SIZE);
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.drawImage(image, 0, 0, SIZE, SIZE);
  for (const [radius, colour] of /** @type {const} */ ([[DOT, "#fff"], [DOT - 2, "#d4351c"]])) {
    pen.beginPath();
    pen.arc(SIZE - DOT, DOT, radius, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.fill();
  }
  return canvas.toDataURL();
}
