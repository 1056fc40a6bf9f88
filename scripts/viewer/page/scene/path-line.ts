import { BufferAttribute, BufferGeometry, Line, LineBasicMaterial } from "three";
import { Line2 } from "three/addons/lines/Line2.js";
import { LineGeometry } from "three/addons/lines/LineGeometry.js";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";

/** More are not told apart by the eye, and cost time where there is no graphics processor. */
const MOST_POINTS = 800;

/** A path of which the part so far is drawn strongly and the rest faintly. */
export class PathLine {
  readonly #all: Line2;
  readonly #past: Line2;
  /** The past without width, which is a tenth of the work. */
  readonly #thin: Line<BufferGeometry, LineBasicMaterial>;
  #visible = true;
  #fine = true;
  /** Steps between two points. */
  readonly #stride: number;

  /** @param points `[S + 1, 3]`, S at least 1 */
  constructor(points: Float32Array, color: string) {
    this.#stride = Math.ceil(points.length / 3 / MOST_POINTS);
    const kept = points.filter((_, i) => Math.floor(i / 3) % this.#stride === 0);
    const line = (linewidth: number, opacity: number) => {
      const geometry = new LineGeometry().setPositions(kept);
      const looks = { color, linewidth, transparent: true, opacity, depthWrite: false };
      return new Line2(geometry, new LineMaterial(looks));
    };
    this.#all = line(1.5, 0.25);
    this.#past = line(3, 0.95);
    const thin = new BufferGeometry().setAttribute("position", new BufferAttribute(kept, 3));
    this.#thin = new Line(thin, new LineBasicMaterial({ color, depthWrite: false }));
    for (const object of this.objects) object.frustumCulled = false;
    this.#all.renderOrder = 2;
    this.#past.renderOrder = 3;
    this.#thin.renderOrder = 3;
    this.#choose();
  }

  get objects(): readonly (Line2 | Line<BufferGeometry, LineBasicMaterial>)[] {
    return [this.#all, this.#past, this.#thin];
  }

  set color(color: string) {
    for (const { material } of this.objects) material.color.set(color);
  }

  set visible(visible: boolean) {
    this.#visible = visible;
    this.#choose();
  }

  /** Whether to draw with width, and what is to come as well. */
  set fine(fine: boolean) {
    this.#fine = fine;
    this.#choose();
  }

  #choose(): void {
    this.#all.visible = this.#visible && this.#fine;
    this.#past.visible = this.#visible && this.#fine;
    this.#thin.visible = this.#visible && !this.#fine;
  }

  /** Draws the part up to a step strongly. */
  showTo(step: number): void {
    this.#past.geometry.instanceCount = Math.floor(step / this.#stride);
    this.#thin.geometry.setDrawRange(0, Math.floor(step / this.#stride) + 1);
  }

  dispose(): void {
    for (const { geometry, material } of this.objects) {
      geometry.dispose();
      material.dispose();
    }
  }
}
