import { Color, type InterleavedBufferAttribute } from "three";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import { LineSegments2 } from "three/addons/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/addons/lines/LineSegmentsGeometry.js";
import { colorAt } from "../../../../sim/core/palette.js";
import { type TaskPlansData, taskPieces } from "../beliefs.js";

/** Where a plan leads by the models of the tasks that come into question, each in its task's colour, through whatever stands before. */
export class TaskPlanLines {
  readonly object: LineSegments2;
  readonly #plans: TaskPlansData;
  #visible = true;
  #several = false;

  constructor(plans: TaskPlansData) {
    this.#plans = plans;
    const size = plans.lines * Math.max(plans.points - 1, 1) * 6;
    const geometry = new LineSegmentsGeometry()
      .setPositions(new Float32Array(size))
      .setColors(new Float32Array(size));
    const looks = { vertexColors: true, transparent: true, depthTest: false, depthWrite: false };
    this.object = new LineSegments2(geometry, new LineMaterial({ ...looks, linewidth: 4 }));
    this.object.frustumCulled = false;
    this.object.renderOrder = 6;
  }

  set visible(visible: boolean) {
    this.#visible = visible;
    this.object.visible = visible && this.#several;
  }

  /** Shows what was predicted in a state. @returns whether several tasks came into question there */
  show(state: number): boolean {
    const pieces = taskPieces(this.#plans, state);
    this.#several = pieces.length > 0;
    this.object.visible = this.#visible && this.#several;
    this.object.geometry.instanceCount = pieces.length;
    if (!this.#several) return false;
    this.object.geometry.setPositions(pieces.flatMap(({ ends }) => ends));
    this.object.geometry.setColors(
      pieces.flatMap(({ task }) => {
        const color = new Color(colorAt(task)).toArray();
        return [...color, ...color];
      }),
    );
    return true;
  }

  /** Pieces as drawn now, `[n, 2, 3]`; empty when none are. */
  drawn(): number[] {
    const { geometry, visible } = this.object;
    const { array } = geometry.attributes.instanceStart as InterleavedBufferAttribute;
    return visible ? Array.from(array).slice(0, geometry.instanceCount * 6) : [];
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}
