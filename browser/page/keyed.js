// @ts-check

/**
 * Makes the children of an element those of a list, and keeps the element of each item that stays:
 * whoever has the focus or the pointer in it loses neither.
 *
 * @template Item
 * @param {Element} parent
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => HTMLElement} make
 * @param {(element: HTMLElement, item: Item) => void} update
 */
export function keyed(parent, items, keyOf, make, update) {
  const held = new Map([...parent.children].map((one) => [/** @type {HTMLElement} */ (one).dataset.key, /** @type {HTMLElement} */ (one)]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const element = held.get(key) ?? make(item);
    element.dataset.key = key;
    update(element, item);
    return element;
  });
  for (const one of [...parent.children]) if (!wanted.includes(/** @type {HTMLElement} */ (one))) one.remove();
  wanted.forEach((one, at) => {
    if (parent.children[at] !== one) parent.insertBefore(one, parent.children[at] ?? null);
  });
}
