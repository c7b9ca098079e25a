// @ts-check
/** @type {import("./page-config.js").PageConfig["categories"]} */
let declared = {};

/** @param {import("./page-config.js").PageConfig["categories"]} [categories] of the page's configuration */
export function declareCategories(categories = {}) {
  declared = categories;
}

/**
 * @param {string} key
 * @returns {string} what people call it; the key itself where no kind declares it
 */
export function categoryLabel(key) {
  return declared[key]?.label ?? key;
}

/**
 * @param {string} key
 * @returns {string} the path data of its icon, or nothing
 */
export function categoryIcon(key) {
  return declared[key]?.icon ?? "";
}
