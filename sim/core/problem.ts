import { z } from "zod";

/**
 * What an error says, without a full stop, to be a part of another message. Of the places where a value differs from
 * its schema this is the first, such as `planner.samples: Invalid input: expected number, received string`.
 */
export function problemOf(error: unknown): string {
  const [issue] = error instanceof z.ZodError ? error.issues : [];
  if (issue === undefined) return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}
