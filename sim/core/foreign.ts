/**
 * Gives a type to what another library made, where its own declarations say too little. Nothing is checked: use it only
 * where the library's documentation promises the type, and parse what a user or a file brings.
 */
export function foreign<T>(value: unknown): T {
  return value as T;
}
