import { calledBack, type ForeignHook, foreignCall } from "./foreign-calls.js";

/** Which of the things that a module makes have functions of their own to be guarded. */
export interface GuardedKind {
  /** Members that are such things, or lists of them. */
  readonly members?: Readonly<Record<string, GuardedKind>>;
  /** Functions that return such things. */
  readonly results?: Readonly<Record<string, GuardedKind>>;
}

/** What a suite's module makes. */
export const GUARDED_SUITE: GuardedKind = {
  members: {
    tasks: {
      members: { landmarks: {}, outcomes: {} },
      results: { createScene: {}, createLearningScene: {} },
    },
  },
};
/** What the module of a method or a planner makes: a learner, a planner. */
export const GUARDED_FACTORY: GuardedKind = { results: { create: {} } };

/** The module's own things, by what stands for them. */
const originals = new WeakMap<object, object>();

/**
 * Something that a module of a user's own made, with every function called as a foreign call. All else is as it was:
 * functions are called on the module's own object and get the module's own objects back.
 */
export function guarded<T extends object>(thing: T, kind: GuardedKind, from: Omit<ForeignHook, "hook">): T {
  const made = new Map<PropertyKey, { readonly value: unknown; readonly stands: unknown }>();
  // The thing itself may be frozen, and a proxy of it would then have to give its very functions.
  const shadow: object = Object.create(Object.getPrototypeOf(thing) as object | null);
  const read = (key: PropertyKey): unknown => {
    const value: unknown = Reflect.get(thing, key);
    const known = made.get(key);
    if (known !== undefined && known.value === value) return known.stands;
    const stands = standIn(thing, key, value, kind, from);
    made.set(key, { value, stands });
    return stands;
  };
  const proxy = new Proxy(shadow, {
    get: (_, key) => read(key),
    has: (_, key) => Reflect.has(thing, key),
    ownKeys: () => Reflect.ownKeys(thing),
    getOwnPropertyDescriptor: (_, key) =>
      Object.hasOwn(thing, key)
        ? { value: read(key), enumerable: true, configurable: true, writable: false }
        : undefined,
    set: (_, key, value) => Reflect.set(thing, key, value),
  });
  originals.set(proxy, thing);
  return proxy as T;
}

function standIn(
  thing: object,
  key: PropertyKey,
  value: unknown,
  { members = {}, results = {} }: GuardedKind,
  from: Omit<ForeignHook, "hook">,
): unknown {
  const name = String(key);
  const inner = Object.hasOwn(members, name) ? members[name] : undefined;
  if (inner !== undefined && Array.isArray(value)) return value.map((one) => guardedIf(one, inner, from));
  if (inner !== undefined) return guardedIf(value, inner, from);
  if (typeof value !== "function" || key === "constructor") return value;
  const call = foreignCall({ ...from, hook: `\`${name}\`` });
  const made = Object.hasOwn(results, name) ? results[name] : undefined;
  return (...given: unknown[]) => {
    const result: unknown = call.run(() => Reflect.apply(value, thing, given.map(handedOver)));
    return made === undefined ? result : guardedIf(result, made, from);
  };
}

/** What a module gets for one of the values that its function is called with. */
function handedOver(value: unknown): unknown {
  if (typeof value === "function") return calledBack(value as (...values: unknown[]) => unknown);
  return typeof value === "object" && value !== null ? (originals.get(value) ?? value) : value;
}

function guardedIf(value: unknown, kind: GuardedKind, from: Omit<ForeignHook, "hook">): unknown {
  return typeof value === "object" && value !== null ? guarded(value, kind, from) : value;
}
