/** Whether a suite is named by the path of a module, such as `./my-suite.mjs`, and not by its registered name. */
export function isSuiteFile(suite: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(suite);
}
