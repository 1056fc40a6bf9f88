/** Settings of noise that narrows; 0 switches a part off. */
export interface AnnealingSettings {
  /** β₁ */
  readonly annealIterations: number;
  /** β₂ */
  readonly annealHorizon: number;
}

/**
 * Factor of the noise's standard deviation, `exp(-i / (β₁ N) - (H - 1 - h) / (β₂ H))`: later iterations search more closely, and the
 * near end of a plan, which earlier control steps have searched already, more closely than its far end. Where a β is 0, its part is
 * left out.
 * Source: Xue et al., "Full-Order Sampling-Based MPC for Torque-Level Locomotion Control via Diffusion-Style Annealing", arXiv
 * 2409.15610 (DIAL-MPC); as in its code, this is the deviation, not the variance.
 * @param iteration i/N, the share of the iterations that are done
 * @param ahead (H - 1 - h)/H, the share of the plan that lies after step h
 */
export function annealingFactor(
  { annealIterations, annealHorizon }: AnnealingSettings,
  iteration: number,
  ahead: number,
): number {
  const slowed = (share: number, beta: number) => (beta === 0 ? 0 : share / beta);
  return Math.exp(-slowed(iteration, annealIterations) - slowed(ahead, annealHorizon));
}
