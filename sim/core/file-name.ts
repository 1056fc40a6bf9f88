import { z } from "zod";

/** Longest name of a file that common file systems take, bytes. */
const LONGEST_NAME = 255;

/** Whether a text is the name of something directly inside a folder. */
export function isFileName(text: string): boolean {
  if (text === "" || text === "." || text === "..") return false;
  // Control characters have no place in a name, and a backslash separates folders on some systems.
  if (/[\p{Cc}/\\]/u.test(text)) return false;
  return new TextEncoder().encode(text).length <= LONGEST_NAME;
}

/**
 * The name of something directly inside a folder, checked where it was read: a file that comes from somebody else may name
 * files beside itself, and none elsewhere.
 */
export const fileName = z.string().refine(isFileName, "expected a name inside the folder, without a path");
