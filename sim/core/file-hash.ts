import { createHash } from "node:crypto";
import { MIB } from "./bytes.js";
import { withRegularFile } from "./own-files.js";

/**
 * SHA-256 of a file of any size, hexadecimal, read a part at a time.
 * @throws InputError when it is no regular file; system errors such as ENOENT as they are
 */
export function hashOfFile(path: string): string {
  return withRegularFile(path, ({ size, read }) => {
    const hash = createHash("sha256");
    for (let at = 0; at < size; at += MIB) hash.update(read(at, MIB));
    return hash.digest("hex");
  });
}
