import { NeutralToneMapping, PCFShadowMap, PerspectiveCamera, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { taskInState } from "../../../../sim/recording/task-switch.js";
import type { EpisodeData } from "../data.js";
import { el, setText } from "../dom.js";
import { measureTexts, moment, readout } from "../text.js";
import type { Theme } from "../theme.js";
import { EpisodeScene } from "./episode-scene.js";
import { type Frame, fitCamera, radiusOf, type View, viewDirection } from "./framing.js";
import type { Quality } from "./quality.js";

const FOV = 35;
const DOT = "  ·  ";

/** One episode's picture with its caption and read-outs. */
export class Stage {
  readonly element: HTMLElement;
  readonly #canvas = el("canvas", { attrs: { role: "img", "aria-label": "The episode in 3D" } });
  readonly #caption = el("p", { className: "caption" });
  readonly #task = el("strong");
  readonly #numbers = el("span");
  readonly #measures = el("span", { className: "detail" });
  readonly #damage = el("p", { className: "damage", hidden: true, attrs: { role: "alert" } });
  readonly #renderer: WebGLRenderer;
  readonly #camera = new PerspectiveCamera(FOV);
  readonly #controls: OrbitControls;
  readonly #middle = new Vector3();
  readonly #before = new Vector3();
  #episode: EpisodeData | undefined;
  #scene: EpisodeScene | undefined;
  #theme: Theme;
  #follow = false;
  #at = 0;
  /** Undefined once the camera was moved by hand: it then stays when the window changes. */
  #view: View | undefined = "overview";
  #framed: Frame | undefined;
  frames = 0;

  /** @param moved told when the camera was moved by hand */
  constructor(theme: Theme, moved: (stage: Stage) => void, changed: () => void) {
    this.#theme = theme;
    this.element = el(
      "section",
      { className: "stage" },
      this.#canvas,
      el(
        "div",
        { className: "overlay" },
        this.#caption,
        this.#damage,
        el("p", { className: "readout" }, this.#numbers, this.#measures),
      ),
    );
    this.#renderer = new WebGLRenderer({ canvas: this.#canvas, antialias: true });
    this.#renderer.shadowMap.enabled = true;
    this.#renderer.shadowMap.type = PCFShadowMap;
    this.#renderer.toneMapping = NeutralToneMapping;
    this.#camera.up.set(0, 0, 1);
    this.#controls = new OrbitControls(this.#camera, this.#canvas);
    this.#controls.addEventListener("start", () => {
      this.#view = undefined;
    });
    this.#controls.addEventListener("change", () => {
      if (this.#view === undefined) moved(this);
      changed();
    });
    new ResizeObserver(() => {
      if (this.#view !== undefined) this.look(this.#view, this.#framed);
      changed();
    }).observe(this.element);
  }

  get episode(): EpisodeData | undefined {
    return this.#episode;
  }

  get frame(): Frame | undefined {
    return this.#scene?.frame;
  }

  /** Undefined once the camera was moved by hand. */
  get view(): View | undefined {
    return this.#view;
  }

  /** Shows another episode from its start, with the camera where it was. */
  load(episode: EpisodeData, source: string): void {
    this.#scene?.dispose();
    this.#episode = episode;
    this.#scene = new EpisodeScene(episode, this.#theme);
    const { header, damage, file } = episode;
    this.#canvas.setAttribute("aria-label", `Episode ${file} in 3D: ${header.task} of ${header.suite}`);
    this.#caption.replaceChildren(
      this.#task,
      ` ${moment(header)}`,
      el("span", { className: "detail" }, ` · seed ${header.seed}`),
      el("span", { className: "file detail" }, `${source} / ${file}`),
    );
    this.#damage.hidden = damage === undefined;
    setText(this.#damage, damage === undefined ? "" : `Damaged recording: ${damage}`);
    this.#follow = this.#scene.frame.travels;
    this.show(0);
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    if (this.#scene !== undefined) this.#scene.theme = theme;
  }

  set follow(follow: boolean) {
    this.#follow = follow;
  }

  set pathVisible(visible: boolean) {
    if (this.#scene !== undefined) this.#scene.pathVisible = visible;
  }

  set plansVisible(visible: boolean) {
    if (this.#scene !== undefined) this.#scene.plansVisible = visible;
  }

  /** Shows the moment `at` steps after the start, or the end if that is earlier. */
  show(at: number): void {
    if (this.#episode === undefined || this.#scene === undefined) return;
    this.#scene.middle(this.#before);
    this.#at = at;
    this.#scene.show(at);
    if (this.#follow) {
      const moved = this.#scene.middle(this.#middle).sub(this.#before);
      this.#camera.position.add(moved);
      this.#controls.target.add(moved);
    }
    const step = Math.floor(at);
    const { header } = this.#episode;
    setText(this.#task, `${header.suite} · ${taskInState(header, step)}`);
    const numbers = readout(this.#episode, step);
    if (step > this.#episode.steps) numbers.unshift("ended");
    setText(this.#numbers, numbers.join(DOT));
    setText(this.#measures, ["", ...measureTexts(this.#episode, step, 3)].join(DOT));
  }

  /** Takes up a camera position that shows all of a frame, its own or a joint one. */
  look(view: View, frame = this.#scene?.frame): void {
    this.#view = view;
    this.#framed = frame;
    if (frame === undefined) return;
    this.#camera.aspect = this.#canvas.clientWidth / Math.max(this.#canvas.clientHeight, 1) || 1;
    const { position, target } = fitCamera(
      frame.box,
      viewDirection(view, frame),
      (FOV * Math.PI) / 180,
      this.#camera.aspect,
    );
    this.#camera.position.set(...position);
    this.#controls.target.set(...target);
    if (this.#follow) this.#catchUp();
    this.#controls.update();
  }

  /** Moves the camera by as much as what it follows has moved since the start. */
  #catchUp(): void {
    this.#scene!.show(0);
    this.#scene!.middle(this.#before);
    this.#scene!.show(this.#at);
    const moved = this.#scene!.middle(this.#middle).sub(this.#before);
    this.#camera.position.add(moved);
    this.#controls.target.add(moved);
  }

  /** Looks from where another stage's camera is. */
  lookLike(other: Stage): void {
    this.#view = undefined;
    this.#camera.position.copy(other.#camera.position);
    this.#controls.target.copy(other.#controls.target);
    this.#camera.lookAt(this.#controls.target);
  }

  draw({ resolution, shadows, fine }: Quality): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (this.#scene === undefined || width === 0 || height === 0) return;
    const ratio = Math.min(devicePixelRatio, 2) * resolution;
    const [w, h] = [Math.floor(width * ratio), Math.floor(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) {
      this.#renderer.setPixelRatio(ratio);
      this.#renderer.setSize(width, height, false);
    }
    const radius = radiusOf(this.#scene.frame.box);
    const distance = this.#camera.position.distanceTo(this.#controls.target);
    this.#camera.aspect = width / height;
    this.#camera.near = Math.max(distance - 6 * radius, 0.02 * radius);
    this.#camera.far = distance + 30 * radius;
    this.#camera.updateProjectionMatrix();
    this.#scene.surroundings.shadows = shadows;
    this.#scene.fine = fine;
    this.#scene.surroundings.follow(this.#controls.target);
    this.#renderer.render(this.#scene.scene, this.#camera);
    this.frames++;
  }

  drawnPose(body: string): number[] | undefined {
    return this.#scene?.drawnPose(body);
  }

  drawnLooks(body: string): boolean[] {
    return this.#scene?.drawnLooks(body) ?? [];
  }

  drawnPlan(): number[] {
    return this.#scene?.drawnPlan() ?? [];
  }

  drawnTaskPlans(): number[] {
    return this.#scene?.drawnTaskPlans() ?? [];
  }

  dispose(): void {
    this.#scene?.dispose();
    this.#controls.dispose();
    this.#renderer.dispose();
    this.element.remove();
  }
}
