import { z } from "zod";

/**
 * Settings that something declares for itself, by name: a zod type with a default and a sentence on its meaning and unit.
 * @example
 * const settings = {
 *   samples: z.int().min(1).default(500).describe("Action sequences sampled per control step."),
 * } satisfies SettingFields;
 */
export type SettingFields = Readonly<Record<string, z.ZodDefault<z.ZodType>>>;

/** The values of such settings. */
export type SettingValues<F extends SettingFields> = { readonly [K in keyof F]: z.infer<F[K]> };

/** Every setting at its default. */
export function defaultValues<F extends SettingFields>(fields: F): SettingValues<F> {
  return z.object(fields).parse({}) as SettingValues<F>;
}

/** The sentence that describes a setting, which zod keeps with the wrapped type when the default was added after it. */
export function fieldDescription(field: z.ZodType): string | undefined {
  if (field.description !== undefined) return field.description;
  return field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType).description : undefined;
}

/** A whole number from 1. */
export const countField = (max = 100_000_000) => z.int().min(1).max(max);
/** A number above 0. */
export const positiveField = (max: number) => z.number().gt(0).max(max);
/** A number from 0 to 1. */
export const fractionField = () => z.number().min(0).max(1);
