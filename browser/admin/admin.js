// @ts-check
// For the admin's pages of notices. Each module acts only where its element is on the page.
import "./admin-compose.js"; // with the preview
import "./admin-progress.js";
import "./admin-copy.js"; // tokens
