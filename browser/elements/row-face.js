// @ts-check
import { categoryIcon } from "../page/categories.js";
import { part } from "../page/dom.js";
import { hue, initials } from "../page/faces.js";
import { safeUrl } from "../page/safe-url.js";

/**
 * Draws whom a row is from: the actor's picture, and initials until it has come or where it does not;
 * without an actor the category's icon; without either, the level stands there alone.
 *
 * @param {HTMLElement} face
 * @param {Pick<import("../client/types.js").Row, "actor" | "category">} row
 */
export function drawFace(face, { actor, category }) {
  const letters = initials(actor?.name ?? "");
  const icon = categoryIcon(category);
  face.dataset.of = letters ? "actor" : icon ? "category" : "level";
  face.dataset.hue = String(hue(String(actor?.id ?? "")));
  part(face, ".initials").textContent = letters;
  part(face, "path").setAttribute("d", icon);
  drawPicture(face, safeUrl(actor?.picture ?? null));
}

/**
 * @param {HTMLElement} face
 * @param {string | null} src
 */
function drawPicture(face, src) {
  const picture = face.querySelector("img");
  if (!picture || src === null) return picture?.remove();
  picture.onload = () => (face.dataset.of = "picture");
  picture.onerror = () => picture.remove();
  if (picture.src === "") picture.src = src; // else it is the server's, and may have come or failed
  else if (picture.complete) picture.naturalWidth ? (face.dataset.of = "picture") : picture.remove();
}
