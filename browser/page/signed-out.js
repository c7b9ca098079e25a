// @ts-check
import { keepForUser } from "./kept-user.js";

// On pages of those who are not signed in: what was kept for the one before goes, and their other
// tabs hear of it.
keepForUser(null);
