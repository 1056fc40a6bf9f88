import { LEVELS, type Quality, QualityGovernor } from "./quality.js";

/** Time without motion after which the picture is drawn at its best, ms. */
const REST = 250;
/** Time between pictures where they must leave the processor to others, ms. */
const SPARING = 200;

/** Draws what has changed, at most once per frame of the screen; once nothing does, once more at the best quality. */
export class DrawLoop {
  readonly #tick: (ms: number) => void;
  readonly #draw: (quality: Quality) => void;
  readonly #governor = new QualityGovernor();
  #dirty = true;
  #movedAt = 0;
  #sharp = false;
  #before: number | undefined;
  readonly #spare: () => boolean;

  /**
   * @param tick told before every frame how much time has passed, ms
   * @param draw draws everything
   * @param spare whether a machine that is slow at drawing has something better to do, and gets few pictures
   */
  constructor(tick: (ms: number) => void, draw: (quality: Quality) => void, spare: () => boolean) {
    this.#tick = tick;
    this.#draw = draw;
    this.#spare = spare;
  }

  /** What is done in every frame of the screen, at a time in ms. */
  frame(now: number): void {
    const passed = now - (this.#before ?? now);
    const slow = this.#governor.moving !== LEVELS[0];
    if (slow && passed < SPARING && this.#spare()) return;
    this.#before = now;
    this.#tick(passed);
    this.#show(now);
  }

  /** Something has changed. */
  invalidate(): void {
    this.#dirty = true;
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
