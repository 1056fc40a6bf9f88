import { expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { encodedSize, encodeEmbeddings } from "../../../agent/model/embedding-encoding.js";
import { Rng } from "../../../sim/core/rng.js";
import { normals } from "../fixtures.js";

it("reads embeddings of any length as numbers of one length: the square root of E", async () => {
  const [rows, E] = [30, 10];
  const g = new Graph();
  const encoded = encodeEmbeddings(g.input("e", [rows, E]), "angles");
  g.output("encoded", encoded);
  const session = await Session.create(g);
  const found = new Float32Array(rows * 2 * E);
  const e = normals(Rng.fromSeed(1), rows * E).map((x, i) => x * 10 ** (Math.floor(i / E / 10) - 1));
  await session.run({ e: tensor(e, [rows, E]) }, { encoded: tensor(found, [rows, 2 * E]) });
  await session.release();
  expect(encodedSize(E, "angles")).toBe(2 * E);
  for (let row = 0; row < rows; row++) {
    const values = found.subarray(row * 2 * E, (row + 1) * 2 * E);
    expect(values.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(E, 4);
    expect(Math.min(...values)).toBeGreaterThan(-1e-6);
    const angle = (Math.PI / 2) * (1 / (1 + Math.exp(-e[row * E]!)));
    expect(values[0]).toBeCloseTo(Math.cos(angle), 5);
    expect(values[E]).toBeCloseTo(Math.sin(angle), 5);
  }
});

it("reads embeddings as they are by default", () => {
  const e = new Graph().input("e", [2, 3]);
  expect(encodeEmbeddings(e)).toBe(e);
  expect(encodedSize(3)).toBe(3);
});
