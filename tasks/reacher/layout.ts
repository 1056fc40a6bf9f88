/** Height of the plane the arm moves in, m. */
export const PLANE_HEIGHT = 0.1;
/** Length of the upper arm, m. */
export const UPPER_LENGTH = 0.5;
/** Goals lie in the ring that every task's arm reaches, m. */
export const GOAL_RING = { inner: 0.3, outer: 0.7 } as const;
