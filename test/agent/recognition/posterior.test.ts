import { describe, expect, it } from "vitest";
import { DEGREES, logStudentT, TaskPosterior } from "../../../agent/recognition/posterior.js";

/** Probabilities after the same transition many times, of which task 0 says `ratio` more than each other one. */
function follow(steps: number, ratio: number, posterior: TaskPosterior, favoured = 0) {
  for (let t = 0; t < steps; t++) {
    posterior.update(posterior.probabilities.map((_, k) => (k === favoured ? ratio : 0)));
  }
  return posterior.probabilities;
}

describe("logStudentT", () => {
  const normalizer = (scale: number, residual: number) => Math.exp(logStudentT(residual, scale)) * (3 / 8);

  it("is the density of Student's t with 4 degrees of freedom, 3/8 at its middle", () => {
    expect(DEGREES).toBe(4);
    // (3/8) (1 + z²/4)^(-5/2)
    expect(normalizer(1, 2)).toBeCloseTo((3 / 8) * 2 ** -2.5, 12);
    let area = 0;
    for (let x = -400; x < 400; x += 0.01) area += 0.01 * normalizer(0.5, x);
    expect(area).toBeCloseTo(1, 4);
  });

  it("tells far less by a residual that no model foresaw than a normal distribution would", () => {
    // By a normal distribution the models would differ by (100² - 101²) / 2 = -100.
    expect(logStudentT(100, 1) - logStudentT(101, 1)).toBeLessThan(0.06);
  });
});

describe("TaskPosterior", () => {
  it("begins with all tasks equally probable and none on top", () => {
    const posterior = new TaskPosterior(4, 0.01);
    for (const p of posterior.probabilities) expect(p).toBeCloseTo(0.25, 15);
    expect(posterior.top).toBeUndefined();
  });

  it("without a hazard is Bayes' rule: n transitions of likelihood ratio e^c give odds e^(nc)", () => {
    const posterior = new TaskPosterior(2, 0);
    const [first] = follow(7, 0.4, posterior);
    expect(first).toBeCloseTo(1 / (1 + Math.exp(-2.8)), 12);
    expect(posterior.top).toBe(0);
  });

  it("with a hazard is the filter of a switching model, (1 - h) p + h/K before each transition", () => {
    const [h, likelihoods] = [0.2, [0.5, 0.1, 0.3]];
    const posterior = new TaskPosterior(3, h);
    let wanted = [1 / 3, 1 / 3, 1 / 3];
    for (let t = 0; t < 3; t++) {
      posterior.update(Float64Array.from(likelihoods, Math.log));
      const raw = wanted.map((p, k) => likelihoods[k]! * ((1 - h) * p + h / 3));
      const sum = raw.reduce((a, b) => a + b);
      wanted = raw.map((p) => p / sum);
    }
    posterior.probabilities.forEach((p, k) => {
      expect(p).toBeCloseTo(wanted[k]!, 12);
    });
  });

  it("after a switch finds the new task in as many transitions as the hazard calls for, however long the old one lasted", () => {
    const [h, c] = [0.01, 1];
    // The new task begins from h/2 or more against 1 - h/2, and every transition multiplies its odds by e^c.
    const most = Math.ceil(Math.log((2 - h) / h) / c);
    const posterior = new TaskPosterior(2, h);
    follow(10_000, c, posterior, 0);
    let steps = 0;
    while (posterior.top !== 1 && steps < 100) {
      follow(1, c, posterior, 1);
      steps++;
    }
    expect(steps).toBeLessThanOrEqual(most);
    expect(steps).toBeGreaterThan(most / 2);
    // Without a hazard it takes as long as the old task had lasted.
    const rigid = new TaskPosterior(2, 0);
    follow(50, c, rigid, 0);
    follow(49, c, rigid, 1);
    expect(rigid.top).toBe(0);
  });

  it("stays a distribution under evidence beyond what numbers hold", () => {
    for (const hazard of [0, 0.01, 1]) {
      const posterior = new TaskPosterior(3, hazard);
      for (let t = 0; t < 100; t++) posterior.update(Float64Array.of(-1e6, 0, -2e6));
      expect([...posterior.probabilities].every(Number.isFinite)).toBe(true);
      expect(posterior.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      expect(posterior.top).toBe(1);
    }
  });

  it("takes a model that predicts no number for the worst, and learns nothing where none does", () => {
    const posterior = new TaskPosterior(3, 0.01);
    posterior.update(Float64Array.of(-3, Number.NaN, Number.NEGATIVE_INFINITY));
    expect(posterior.top).toBe(0);
    expect(posterior.probabilities[0]).toBeGreaterThan(0.999);
    const before = new TaskPosterior(2, 0);
    before.update(Float64Array.of(1, 0));
    const known = before.probabilities;
    before.update(Float64Array.of(Number.NaN, Number.NaN));
    before.probabilities.forEach((p, k) => {
      expect(p).toBeCloseTo(known[k]!, 12);
    });
  });

  it("does not depend on the order of the tasks", () => {
    const order = [2, 0, 3, 1];
    const [one, other] = [new TaskPosterior(4, 0.05), new TaskPosterior(4, 0.05)];
    for (let t = 0; t < 20; t++) {
      const logs = Float64Array.from({ length: 4 }, (_, k) => Math.sin(3 * t + k * k));
      one.update(logs);
      other.update(Float64Array.from(order, (k) => logs[k]!));
    }
    const probabilities = one.probabilities;
    other.probabilities.forEach((p, i) => {
      expect(p).toBeCloseTo(probabilities[order[i]!]!, 12);
    });
  });

  it("forgets at a reset", () => {
    const posterior = new TaskPosterior(2, 0.01);
    follow(5, 1, posterior);
    posterior.reset();
    expect([...posterior.probabilities]).toEqual([...new TaskPosterior(2, 0.01).probabilities]);
  });
});
