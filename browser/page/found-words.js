// @ts-check
const NAME = "notify-found"; // inbox.css has its colours

/**
 * Marks what a search has found, without touching the elements. Browsers that cannot do it show the
 * text as it is.
 *
 * @param {ParentNode} list
 * @param {string} words as they were searched for; empty: nothing is marked
 */
export function markFound(list, words) {
  if (!("highlights" in CSS)) return;
  const ranges = words ? [...list.querySelectorAll(".title-text, .body")].flatMap((text) => rangesIn(text, words.toLowerCase())) : [];
  if (ranges.length) CSS.highlights.set(NAME, new Highlight(...ranges));
  else CSS.highlights.delete(NAME);
}

/**
 * @param {Element} element whose own text is searched, not that of elements in it
 * @param {string} words in lower case
 * @returns {Range[]}
 */
function rangesIn(element, words) {
  return [...element.childNodes].filter((node) => node instanceof Text).flatMap((node) => {
    const text = node.data.toLowerCase();
    if (text.length !== node.data.length) return []; // a letter became two: the places do not match
    const found = [];
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      found.push(range);
    }
    return found;
  });
}
