export { lookAhead } from "./look-ahead";
export { backward, forward } from "./products";
export { roundsOnce } from "./tile";
export { update } from "./update";
