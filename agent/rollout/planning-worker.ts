import { constants, setPriority } from "node:os";
import { member, serve } from "../threads/serve.js";
import { chunkStart, RolloutColumns } from "./columns.js";
import type { PlanningMessage, PlanningParameters, SharedArrays } from "./planning-threads.js";

interface Model {
  readonly columns: RolloutColumns;
  shared?: SharedArrays;
}

const models = new Map<number, Model>();

async function onMessage(message: PlanningMessage): Promise<void> {
  if (message.type === "open") {
    models.set(message.id, { columns: await RolloutColumns.create(message.model, message.layout) });
    return;
  }
  const model = models.get(message.id)!;
  if (message.type === "load") {
    for (const [i, array] of model.columns.network.entries()) array.set(message.network[i]!);
  } else if (message.type === "share") {
    model.shared = message.arrays;
  } else {
    models.delete(message.id);
    await model.columns.release();
  }
}

async function onChunk(chunk: number, parameters: readonly number[]): Promise<void> {
  const [id, samples, chunks, rest] = parameters as PlanningParameters;
  const { columns, shared } = models.get(id)!;
  const { state, actions, costs } = shared!;
  const [from, to] = [chunkStart(chunk, chunks, samples), chunkStart(chunk + 1, chunks, samples)];
  columns.hold(rest);
  costs[member.index - 1]!.set(await columns.costs(state, actions, samples, from, to), from);
}

// On Linux this is the priority of this thread alone. It then runs on cores nobody else wants: on a busy one it would
// claim chunks and not get on with them, and take time from other runs. The calling thread does what is left over.
if (process.platform === "linux") setPriority(constants.priority.PRIORITY_LOW);

await serve({ message: (message) => onMessage(message as PlanningMessage), chunk: onChunk });
