/** Whether something is named by the path of a module, such as `./my-suite.mjs`, and not by a name of the catalog. */
export function isModulePath(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}
