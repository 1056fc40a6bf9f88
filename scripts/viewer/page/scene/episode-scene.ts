import { Group, Quaternion, Scene, Vector3 } from "three";
import { elementAt } from "../../../../sim/core/element.js";
import { switchesUntil } from "../../../../sim/recording/task-switch.js";
import type { EpisodeData } from "../data.js";
import type { Theme } from "../theme.js";
import { bodyObject, disposeBodies, setDetail } from "./bodies.js";
import { type Frame, frameOf, radiusOf } from "./framing.js";
import { PathLine } from "./path-line.js";
import { PlanLines } from "./plan-lines.js";
import { isGoal } from "./state.js";
import { Surroundings } from "./surroundings.js";
import { TaskPlanLines } from "./task-plan-lines.js";
import { findTool, toolPath } from "./tool-path.js";

/** The things of one episode, in any of its states. */
export class EpisodeScene {
  readonly scene = new Scene();
  readonly frame: Frame;
  readonly surroundings: Surroundings;
  readonly #episode: EpisodeData;
  /** Of each body, in their order. */
  readonly #groups: readonly Group[];
  /** How the bodies look from the start on, and after each change of the task: groups within those, in the same order. */
  readonly #looks: readonly (readonly Group[])[];
  readonly #path: PathLine | undefined;
  readonly #plans: PlanLines | undefined;
  readonly #taskPlans: TaskPlanLines | undefined;
  readonly #nextPosition = new Vector3();
  readonly #nextRotation = new Quaternion();

  constructor(episode: EpisodeData, theme: Theme) {
    this.#episode = episode;
    this.frame = frameOf(episode);
    this.#looks = looksOf(episode);
    this.#groups = episode.bodies.map((body, i) => {
      const group = new Group();
      group.name = body.name;
      return group.add(...new Set(this.#looks.map((look) => elementAt(look, i, "bodies"))));
    });
    this.scene.add(...this.#groups);
    this.surroundings = new Surroundings(this.scene, radiusOf(this.frame.box), this.frame.ground);
    const tool = findTool(episode.bodies);
    if (tool !== undefined && episode.steps > 0) {
      this.#path = new PathLine(toolPath(episode, tool), theme.trace);
      this.scene.add(...this.#path.objects);
    }
    if (episode.plans !== undefined && episode.plans.landmarks.length > 0) {
      this.#plans = new PlanLines(episode.plans, theme.plan);
      this.scene.add(...this.#plans.objects);
    }
    if (episode.taskPlans !== undefined) {
      this.#taskPlans = new TaskPlanLines(episode.taskPlans);
      this.scene.add(this.#taskPlans.object);
    }
    this.theme = theme;
    this.show(0);
  }

  set theme(theme: Theme) {
    this.surroundings.theme = theme;
    if (this.#path !== undefined) this.#path.color = theme.trace;
    if (this.#plans !== undefined) this.#plans.colors = theme.plan;
  }

  /** Whether to draw in detail. */
  set fine(fine: boolean) {
    for (const group of this.#looks.flat()) setDetail(group, fine ? "fine" : "coarse");
    if (this.#path !== undefined) this.#path.fine = fine;
  }

  set pathVisible(visible: boolean) {
    if (this.#path !== undefined) this.#path.visible = visible;
  }

  set plansVisible(visible: boolean) {
    if (this.#plans !== undefined) this.#plans.visible = visible;
    if (this.#taskPlans !== undefined) this.#taskPlans.visible = visible;
  }

  /** Puts every body where it was `at` steps after the start; between steps, in between. */
  show(at: number): void {
    const { steps } = this.#episode;
    const step = Math.min(Math.floor(at), steps);
    const share = step < steps ? at - step : 0;
    this.#groups.forEach((group, body) => {
      if (!this.#read(step, body, group.position, group.quaternion)) return;
      if (share === 0 || !this.#read(step + 1, body, this.#nextPosition, this.#nextRotation)) return;
      group.position.lerp(this.#nextPosition, share);
      group.quaternion.slerp(this.#nextRotation, share);
    });
    this.#showLook(step);
    this.#path?.showTo(step);
    // The plan of one model would hide what the models of several tasks say of it.
    const several = this.#taskPlans?.show(step) ?? false;
    this.#plans?.show(several ? undefined : step);
  }

  /** Shows the bodies as they look in a state. */
  #showLook(state: number): void {
    const shown = this.#looks[Math.min(switchesUntil(this.#episode.header, state), this.#looks.length - 1)];
    for (const [i, group] of this.#groups.entries()) {
      for (const look of group.children) look.visible = look === shown?.[i];
    }
  }

  /** Pieces of the chosen trajectories as drawn now, `[n, 2, 3]`; empty when none are. */
  drawnPlan(): number[] {
    return this.#plans?.drawn() ?? [];
  }

  /** The same of the trajectories by the models of several tasks. */
  drawnTaskPlans(): number[] {
    return this.#taskPlans?.drawn() ?? [];
  }

  /** Where a body is drawn now, `[7]` as in recordings; undefined when there is none of that name. */
  drawnPose(name: string): number[] | undefined {
    const group = this.#groups.find((g) => g.name === name);
    return group && [...group.position.toArray(), ...group.quaternion.toArray()];
  }

  /** Of each way that a body looks in the episode, the first at the start, whether it is drawn now. */
  drawnLooks(name: string): boolean[] {
    const group = this.#groups.find((g) => g.name === name);
    return (group?.children ?? []).map(({ visible }) => visible);
  }

  /** Mean position of what moves. */
  middle(out: Vector3): Vector3 {
    const moving = this.#groups.filter((_, i) => {
      const body = elementAt(this.#episode.bodies, i, "bodies");
      return !body.fixed && !isGoal(body);
    });
    out.set(0, 0, 0);
    for (const { position } of moving) out.add(position);
    return out.divideScalar(Math.max(moving.length, 1));
  }

  /** Reads a pose; false, and nothing read, where the recording has none. */
  #read(state: number, body: number, position: Vector3, rotation: Quaternion): boolean {
    const at = (state * this.#groups.length + body) * 7;
    const pose = this.#episode.poses.subarray(at, at + 7);
    if (!pose.every(Number.isFinite)) return false;
    position.fromArray(pose);
    rotation.fromArray(pose, 3);
    return true;
  }

  dispose(): void {
    disposeBodies([...new Set(this.#looks.flat())]);
    this.#path?.dispose();
    this.#plans?.dispose();
    this.#taskPlans?.dispose();
    this.surroundings.dispose();
  }
}

/** The bodies as groups, for each time between changes of the task; where a body looks the same again, its group is the same. */
function looksOf({ bodies, bodiesAfter = [] }: EpisodeData): Group[][] {
  const made = new Map<string, Group>();
  return [bodies, ...bodiesAfter].map((look) =>
    look.map((body) => {
      const key = JSON.stringify(body);
      const group = made.get(key) ?? bodyObject(body);
      made.set(key, group);
      return group;
    }),
  );
}
