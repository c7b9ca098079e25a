// @ts-check
import { keepForUser } from "./kept-user.js";

// For pages shown without a sign-in: deletes the previous user's offline copy and tells their other
// tabs.
keepForUser(null);
