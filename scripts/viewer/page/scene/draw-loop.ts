import { LEVELS, type Quality, QualityGovernor } from "./quality.js";

/** Time without motion after which the picture is drawn at its best, ms. */
const REST = 250;
/** Time between pictures where they must leave the processor to others, ms. */
const SPARING = 1000;

/**
 * Draws what has changed, at most once per frame of the screen; once nothing does, once more at the best quality, and
 * then does nothing at all.
 */
export class DrawLoop {
  readonly #tick: (ms: number) => void;
  readonly #draw: (quality: Quality) => void;
  readonly #governor = new QualityGovernor();
  #dirty = true;
  #movedAt = 0;
  #sharp = false;
  #before: number | undefined;
  /** Whether no frame of the screen is waited for. */
  #asleep = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #spare: () => boolean;
  readonly #nextFrame: (run: (now: number) => void) => void;

  /**
   * @param tick told before every frame how much time has passed, ms
   * @param draw draws everything
   * @param spare whether a machine that is slow at drawing has something better to do, and gets few pictures
   * @param nextFrame does something in the screen's next frame, with its time in ms
   */
  constructor(
    tick: (ms: number) => void,
    draw: (quality: Quality) => void,
    spare: () => boolean,
    nextFrame: (run: (now: number) => void) => void,
  ) {
    this.#tick = tick;
    this.#draw = draw;
    this.#spare = spare;
    this.#nextFrame = nextFrame;
  }

  /** Draws from now on. */
  start(): void {
    this.#wake();
  }

  /**
   * What is done in a frame of the screen, at a time in ms.
   * @returns how long nothing needs to be done unless something changes, ms; zero for the next frame of the screen
   */
  #frame(now: number): number {
    const passed = now - (this.#before ?? now);
    const sparing = this.#governor.moving !== LEVELS[0] && this.#spare();
    if (sparing && !this.#dirty && passed < SPARING) return SPARING - passed;
    this.#before = now;
    this.#tick(passed);
    const still = !this.#dirty && this.#sharp;
    this.#show(now);
    if (still) this.#before = undefined;
    return still ? Number.POSITIVE_INFINITY : sparing ? SPARING : 0;
  }

  /** Something has changed. */
  invalidate(): void {
    this.#dirty = true;
    if (this.#asleep) this.#wake();
  }

  #wake(): void {
    this.#asleep = false;
    clearTimeout(this.#timer);
    this.#nextFrame((now) => {
      const rest = this.#frame(now);
      if (rest === 0) return this.#wake();
      this.#asleep = true;
      if (Number.isFinite(rest)) this.#timer = setTimeout(() => this.#wake(), rest);
    });
  }

  #show(now: number): void {
    if (this.#dirty) {
      this.#dirty = false;
      this.#sharp = this.#governor.moving === LEVELS[0];
      this.#movedAt = now;
      this.#draw(this.#governor.moving);
      this.#governor.frame(now);
      return;
    }
    this.#governor.idle();
    if (now - this.#movedAt > REST && !this.#sharp) {
      this.#sharp = true;
      this.#governor.rest();
      this.#draw(LEVELS[0]);
    }
  }
}
