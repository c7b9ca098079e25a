// @ts-check
// The admin's pages of notices: each of these does something where its element is on the page.
import "./admin-compose.js"; // with the preview
import "./admin-progress.js";
