import { el, setText } from "./dom.js";

/** A line that says what went wrong last. */
export class Message {
  readonly element = el("p", { className: "message", hidden: true, attrs: { role: "alert" } });

  /** Does some work and returns its result, or shows why it cannot be done. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.element.hidden = true;
      return result;
    } catch (error) {
      this.element.hidden = false;
      setText(this.element, (error as Error).message);
      return undefined;
    }
  }
}
