/** Height of the rail above the ground and half the way that the cart has, m. */
export const RAIL = { height: 1.5, half: 2.5 } as const;
