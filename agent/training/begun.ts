/** What exists from the first `beginTask` or `restore` on. */
export function begun<T>(made: T | undefined): T {
  if (made === undefined) throw new Error("A learner has no task before beginTask or restore.");
  return made;
}
