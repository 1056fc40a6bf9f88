import { RunError } from "../../sim/core/errors.js";
import type { TaskSpec } from "../../sim/task.js";
import type { Agent } from "../agent.js";
import { BeliefCounts } from "./belief-counts.js";
import { ErrorReference, type Rise } from "./error-reference.js";
import type { FoundTasks } from "./found-tasks.js";
import { errorRows, errorsOf, type HeldTransition } from "./held-transitions.js";
import { type KnownModel, recognize } from "./recognize.js";
import type { SavedDiscovery } from "./saved-discovery.js";
import { StepErrors } from "./step-errors.js";
import { evidenceOf } from "./surprise.js";
import { Suspicion } from "./suspicion.js";

/** A change that was found. */
export interface Discovered {
  /** Whether the task is a new one, or one that was found before. */
  readonly kind: "new" | "return";
  /** Found task that is believed in now. */
  readonly found: number;
  /** Found task that was believed in until now. */
  readonly before: number;
  /** Steps since the change is estimated to have come. */
  readonly held: number;
}

/**
 * An agent that finds out by itself when the task changes, and to which. It compares what every step does with what the model in use
 * predicts; where errors rise (`Cusum` of `evidenceOf`, against the errors of `ErrorReference`) and a known model explains what has
 * happened since (`recognize`), that task goes on being learned; where none does, a new task begins.
 *
 * Steps under suspicion are held back: no training session learns from them until the suspicion is gone, and where a change is
 * found they are the first data of the task that came.
 */
export class Discovery {
  readonly #agent: Agent;
  readonly #tasks: FoundTasks;
  readonly #errors: StepErrors;
  readonly #suspicion: Suspicion;
  readonly #reference: ErrorReference;
  readonly #counts: BeliefCounts;
  #scale: Float32Array | undefined;
  /** Transitions of the present visit. */
  #steps = 0;
  /** Training sessions of the visit when the model in use was last looked at; -1 in a new visit. */
  #seen = -1;
  /** Whether errors are those of the model that was looked at. */
  #looked = false;

  constructor(agent: Agent, tasks: FoundTasks, spec: TaskSpec, suiteTasks: number) {
    this.#agent = agent;
    this.#tasks = tasks;
    this.#errors = new StepErrors(spec, agent.settings.dynamics.history);
    const { detectorThreshold, detectorWarmUp, detectorWindow } = agent.settings.loop;
    this.#suspicion = new Suspicion(detectorThreshold, detectorWindow);
    this.#reference = new ErrorReference(detectorWarmUp);
    this.#counts = new BeliefCounts(suiteTasks);
  }

  /** The found task that is believed in, 0-based. */
  get believed(): number {
    return this.#tasks.at().index;
  }

  /** Steps of the present visit, less the random ones at its start; below 0 while the agent explores. */
  get planned(): number {
    return this.#steps - this.#tasks.at().randomSteps;
  }

  /** Whether the task of the present visit had been found before. */
  get isReturn(): boolean {
    return this.#tasks.at().earlierVisits > 0;
  }

  startEpisode(): void {
    this.#errors.startEpisode();
  }

  /**
   * Takes in a transition.
   * @param state `[S]`
   * @param action `[U]`
   * @param next observation `[X]`
   * @param world index in the suite of the task that the world holds: counted, and named where a new task is found
   * @param settle adopts the training session on its way
   * @returns the change that it made known, if any
   * @throws RunError when more than `loop.mostTasks` tasks are found
   */
  async observe(
    state: Float32Array,
    action: ArrayLike<number>,
    next: Float32Array,
    world: number,
    settle: () => Promise<void>,
  ): Promise<Discovered | undefined> {
    this.#steps++;
    this.#counts.add(this.believed, world);
    await this.#lookAtModel();
    const transition = this.#errors.of(state, action, next);
    if (this.#scale === undefined) {
      this.#accept([transition]);
      return undefined;
    }
    this.#accept(this.#suspicion.add(transition, evidenceOf(transition, this.#scale, this.#rise.rise)));
    if (!this.#suspicion.isFound || !this.#hasData) return undefined;
    await settle();
    return await this.#change(world);
  }

  /** The world has gone through a visit, of which the agent is not told: evaluations need to know which model stands for which task. */
  async endVisit(): Promise<void> {
    const buffer = this.#agent.taskState()?.buffer;
    const before = this.#scaleToKeep;
    if (before !== undefined) this.#agent.models.setResidualScale(this.believed, before);
    else if (buffer !== undefined) await this.#agent.models.measure(this.believed, buffer);
    this.#tasks.standFor(this.#counts.standIns);
    this.#agent.noteChanged();
  }

  /** The run has gone through its last visit. */
  async end(): Promise<void> {
    await this.#endAgentVisit();
    this.#tasks.standFor(this.#counts.standIns);
  }

  state(): SavedDiscovery {
    return {
      sessions: this.#agent.sessions,
      steps: this.#steps,
      scale: this.#scale ?? new Float32Array(0),
      reference: errorRows(this.#reference.surprises),
      ...this.#suspicion.state(),
      seen: this.#seen,
      counts: this.#counts.rows(this.#tasks.count),
    };
  }

  restore({ steps, seen, scale, reference, counts, ...suspicion }: SavedDiscovery): void {
    const { inputs, targets } = this.#errors;
    this.#steps = steps;
    this.#scale = scale.length === 0 ? undefined : scale;
    this.#reference.clear();
    for (const error of errorsOf(reference, targets)) this.#reference.add(error);
    this.#suspicion.restore(suspicion, inputs, targets);
    this.#counts.restore(counts);
    this.#seen = seen;
    this.#looked = false;
  }

  get #rise(): Rise {
    const { detectorRise, detectorThreshold } = this.#agent.settings.loop;
    return { rise: detectorRise, threshold: detectorThreshold };
  }

  /** A task whose visit has no data yet cannot end: its method would have nothing to keep of it. */
  get #hasData(): boolean {
    return (this.#agent.taskState()?.buffer.size ?? 0) > 0;
  }

  /** After a training session the model in use is another one, and errors are measured by those that came before it. */
  async #lookAtModel(): Promise<void> {
    const { sessions } = this.#agent;
    if (sessions === this.#seen && this.#looked) return;
    const isNew = this.#seen >= 0 && sessions !== this.#seen;
    this.#seen = sessions;
    this.#looked = true;
    const exists = sessions > 0 || this.isReturn;
    this.#errors.use(exists ? await this.#agent.models.dynamics(this.believed) : undefined);
    if (isNew && this.#reference.full) this.#scale = this.#reference.scale(this.#rise);
  }

  #accept(transitions: readonly HeldTransition[]): void {
    const wasFull = this.#reference.full;
    for (const transition of transitions) {
      if (this.#errors.hasModel) this.#reference.add(transition);
      this.#agent.rememberEncoded(transition.input, transition.target);
    }
    if (this.#reference.full && !wasFull) this.#scale = this.#reference.scale(this.#rise);
  }

  /** The scale by which a task is to be recognised when it returns: as measured in this visit, or else in the one before. */
  get #scaleToKeep(): Float32Array | undefined {
    return this.#reference.full ? this.#scale : this.#agent.models.residualScale(this.believed);
  }

  /**
   * Until its errors are measured anew, those of a task that returns may be √c times as large as when it was left: what was learned in
   * the meantime has changed its model, too.
   */
  #scaleOnReturn(index: number): Float32Array | undefined {
    const factor = Math.sqrt(this.#rise.rise);
    return this.#agent.models.residualScale(index)?.map((sigma) => factor * sigma);
  }

  async #endAgentVisit(): Promise<void> {
    const index = this.believed;
    const scale = this.#scaleToKeep;
    await this.#agent.endVisit();
    if (scale !== undefined) this.#agent.models.setResidualScale(index, scale);
  }

  async #change(world: number): Promise<Discovered> {
    const held = this.#suspicion.end();
    const before = this.believed;
    const known = recognize(held, await this.#othersThan(before), this.#rise);
    await this.#endAgentVisit();
    if (known === undefined) this.#beginNew(world, held.length);
    else this.#tasks.beginAgain(known);
    await this.#agent.beginVisit(this.#tasks.number);
    this.#agent.startEpisode();
    for (const { input, target } of held) this.#agent.rememberEncoded(input, target);
    this.#scale = known === undefined ? undefined : this.#scaleOnReturn(known);
    this.#restart(held.length);
    return { kind: known === undefined ? "new" : "return", found: this.believed, before, held: held.length };
  }

  #beginNew(world: number, held: number): void {
    const { initialRandomSteps, mostTasks } = this.#agent.settings.loop;
    if (this.#tasks.count >= mostTasks) throw tooMany(mostTasks);
    this.#tasks.beginNew(world, Math.max(initialRandomSteps, held));
  }

  #restart(steps: number): void {
    this.#steps = steps;
    this.#seen = -1;
    this.#looked = false;
    this.#reference.clear();
  }

  /** The models of the other found tasks. */
  async #othersThan(index: number): Promise<KnownModel[]> {
    const known: KnownModel[] = [];
    for (let k = 0; k < this.#tasks.count; k++) {
      const scale = this.#agent.models.residualScale(k);
      if (k !== index && scale !== undefined)
        known.push({ index: k, scale, dynamics: await this.#agent.models.dynamics(k) });
    }
    return known;
  }
}

function tooMany(most: number): RunError {
  return new RunError({
    what: "The agent has found more tasks than it may learn",
    got: `a change to another task, which none of ${most} models explains`,
    expected: `at most ${most}, loop.mostTasks`,
    todo: "Start a run with a larger loop.mostTasks, or with a higher loop.detectorThreshold if tasks were found that do not exist",
  });
}
