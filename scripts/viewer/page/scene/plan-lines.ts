import {
  BufferAttribute,
  BufferGeometry,
  type InterleavedBufferAttribute,
  LineBasicMaterial,
  LineSegments,
  type Object3D,
} from "three";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import { LineSegments2 } from "three/addons/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/addons/lines/LineSegmentsGeometry.js";
import { pathPieces } from "../beliefs.js";
import type { PlansData } from "../data.js";

/** Colours of the chosen trajectory and of the others. */
export interface PlanColors {
  readonly chosen: string;
  readonly others: string;
}

/**
 * The planned trajectories of one step at a time: the chosen one of every landmark as a wide line, the others thin.
 * They are drawn through whatever stands before them, because plans lead into tables and doors.
 */
export class PlanLines {
  readonly objects: readonly Object3D[];
  readonly #plans: PlansData;
  readonly #chosen: LineSegments2;
  readonly #others: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly #positions: Float32Array;
  #visible = true;

  /** @param plans with at least one landmark */
  constructor(plans: PlansData, colors: PlanColors) {
    this.#plans = plans;
    const { horizon, landmarks, sequences } = plans;
    this.#positions = new Float32Array(landmarks.length * (sequences - 1) * horizon * 6);
    const material = { transparent: true, depthTest: false, depthWrite: false };
    this.#chosen = new LineSegments2(
      new LineSegmentsGeometry().setPositions(new Float32Array(landmarks.length * horizon * 6)),
      new LineMaterial({ ...material, linewidth: 3.5 }),
    );
    const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(this.#positions, 3));
    this.#others = new LineSegments(geometry, new LineBasicMaterial({ ...material, opacity: 0.6 }));
    this.objects = [this.#others, this.#chosen];
    this.objects.forEach((object, i) => {
      object.frustumCulled = false;
      object.renderOrder = 4 + i;
    });
    this.colors = colors;
  }

  set colors({ chosen, others }: PlanColors) {
    this.#chosen.material.color.set(chosen);
    this.#others.material.color.set(others);
  }

  set visible(visible: boolean) {
    this.#visible = visible;
    for (const object of this.objects) object.visible = visible;
  }

  /** Shows the plan made in a state; none where none was made, or of no state. */
  show(state: number | undefined): void {
    const plan = state === undefined ? undefined : this.#plans.planIn.get(state);
    for (const object of this.objects) object.visible = this.#visible && plan !== undefined;
    if (plan === undefined) return;
    const { landmarks, sequences } = this.#plans;
    const chosen: number[] = [];
    const others: number[] = [];
    for (let t = 0; t < landmarks.length; t++) {
      for (let l = 0; l < sequences; l++) this.#addSegments(plan, t, l, l === 0 ? chosen : others);
    }
    this.#chosen.geometry.instanceCount = chosen.length / 6;
    if (chosen.length > 0) this.#chosen.geometry.setPositions(chosen);
    this.#positions.set(others);
    this.#others.geometry.setDrawRange(0, others.length / 3);
    this.#others.geometry.getAttribute("position").needsUpdate = true;
  }

  /** Pieces of the chosen trajectories as drawn now, `[n, 2, 3]`; empty when none are. */
  drawn(): number[] {
    const { geometry, visible } = this.#chosen;
    const { array } = geometry.attributes.instanceStart as InterleavedBufferAttribute;
    return visible ? Array.from(array).slice(0, geometry.instanceCount * 6) : [];
  }

  /** Pairs of ends of the pieces of a path, as far as it goes. */
  #addSegments(plan: number, landmark: number, sequence: number, out: number[]): void {
    const { horizon, landmarks, sequences, paths } = this.#plans;
    const size = (horizon + 1) * 3;
    const path = (plan * landmarks.length + landmark) * sequences + sequence;
    out.push(...pathPieces(paths.subarray(path * size, (path + 1) * size)).flat());
  }

  dispose(): void {
    for (const { geometry, material } of [this.#chosen, this.#others]) {
      geometry.dispose();
      material.dispose();
    }
  }
}
