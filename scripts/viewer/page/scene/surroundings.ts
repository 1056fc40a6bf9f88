import {
  CircleGeometry,
  Color,
  DirectionalLight,
  HemisphereLight,
  Mesh,
  type Scene,
  ShaderMaterial,
  ShadowMaterial,
  Vector3,
} from "three";
import type { Theme } from "../theme.js";

const VERTEX = `
varying vec2 place;
varying vec2 fromMiddle;
void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  place = world.xy;
  fromMiddle = position.xy;
  gl_Position = projectionMatrix * viewMatrix * world;
}`;

/** Lines one pixel wide every `spacing`, which fade out away from the middle and where they would flicker. */
const FRAGMENT = `
uniform vec3 color;
uniform float spacing;
uniform float radius;
varying vec2 place;
varying vec2 fromMiddle;
void main() {
  vec2 cell = place / spacing;
  vec2 width = fwidth(cell);
  vec2 off = abs(fract(cell - 0.5) - 0.5) / width;
  vec2 line = clamp(1.2 - off, 0.0, 1.0) * clamp(1.4 - 3.0 * width, 0.0, 1.0);
  float fade = 1.0 - smoothstep(0.25, 1.0, length(fromMiddle) / radius);
  gl_FragColor = vec4(color, max(line.x, line.y) * fade);
}`;

/** How far the ground reaches, in radii of what is looked at. */
const REACH = 7;

/** Light, shadow, ground and grid around what is looked at. */
export class Surroundings {
  readonly #scene: Scene;
  readonly #key = new DirectionalLight(0xffffff, 2.4);
  readonly #fill = new DirectionalLight(0xffffff, 0.6);
  readonly #sky = new HemisphereLight(0xffffff, 0x9a9184, 1.5);
  readonly #ground: Mesh<CircleGeometry, ShadowMaterial>;
  readonly #gridColor = new Color();
  readonly #grid: Mesh<CircleGeometry, ShaderMaterial>;
  readonly #radius: number;

  /**
   * @param radius of what is looked at, m
   * @param height of the ground, m
   */
  constructor(scene: Scene, radius: number, height: number) {
    this.#scene = scene;
    this.#radius = radius;
    this.#setUpShadows();
    // three.js has the sky above y.
    this.#sky.position.set(0, 0, 1);
    const disc = new CircleGeometry(REACH * radius, 64);
    this.#ground = new Mesh(disc, new ShadowMaterial());
    this.#ground.receiveShadow = true;
    const uniforms = {
      color: { value: this.#gridColor },
      spacing: { value: roundSpacing(radius) },
      radius: { value: REACH * radius },
    };
    this.#grid = new Mesh(
      disc,
      new ShaderMaterial({
        uniforms,
        vertexShader: VERTEX,
        fragmentShader: FRAGMENT,
        transparent: true,
        depthWrite: false,
      }),
    );
    this.#ground.position.z = height - 2e-3 * radius;
    this.#grid.position.z = height - 1e-3 * radius;
    scene.add(
      this.#key,
      this.#key.target,
      this.#fill,
      this.#fill.target,
      this.#sky,
      this.#ground,
      this.#grid,
    );
  }

  #setUpShadows(): void {
    const { shadow } = this.#key;
    const r = this.#radius;
    this.#key.castShadow = true;
    shadow.mapSize.set(2048, 2048);
    shadow.radius = 4;
    shadow.normalBias = 0.004 * r;
    shadow.bias = -0.0004;
    Object.assign(shadow.camera, { left: -2.4 * r, right: 2.4 * r, top: 2.4 * r, bottom: -2.4 * r });
    Object.assign(shadow.camera, { near: 0.1 * r, far: 12 * r });
  }

  set theme({ background, grid, shadow }: Theme) {
    this.#scene.background = new Color(background);
    this.#ground.material.opacity = shadow;
    // As on the page: this shader does no conversion of colours.
    this.#gridColor.setStyle(grid, "");
  }

  set shadows(on: boolean) {
    this.#key.castShadow = on;
    // Without shadows there is nothing of it to see.
    this.#ground.visible = on;
  }

  /** Moves along with what the camera looks at. */
  follow(target: Vector3): void {
    const r = this.#radius;
    this.#key.target.position.copy(target);
    this.#key.position.copy(target).add(new Vector3(1.6 * r, -2.4 * r, 4.2 * r));
    this.#fill.target.position.copy(target);
    this.#fill.position.copy(target).add(new Vector3(-2 * r, 3 * r, 1.5 * r));
    for (const { position } of [this.#ground, this.#grid]) position.setX(target.x).setY(target.y);
  }

  dispose(): void {
    this.#key.dispose();
    this.#ground.geometry.dispose();
    this.#ground.material.dispose();
    this.#grid.material.dispose();
  }
}

/** A grid spacing of 1 or 5 times a power of ten, m, so that the grid is also a measure. */
function roundSpacing(radius: number): number {
  const tens = 10 ** Math.floor(Math.log10(radius / 1.5));
  return radius / tens > 6 ? 5 * tens : tens;
}
