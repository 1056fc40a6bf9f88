import proto from "onnx-proto";
import { type Attribute, type ConstantData, type DataType, Graph, type Node, type Tensor } from "./graph.js";

const { onnx } = proto;
const IR_VERSION = 8;
const OPERATOR_SET = 17;

/** Numbers by which ONNX knows the types of entries. */
export const ELEMENT_TYPE: Readonly<Record<DataType, number>> = {
  float32: onnx.TensorProto.DataType.FLOAT,
  int32: onnx.TensorProto.DataType.INT32,
  int64: onnx.TensorProto.DataType.INT64,
  bool: onnx.TensorProto.DataType.BOOL,
  int8: onnx.TensorProto.DataType.INT8,
  uint8: onnx.TensorProto.DataType.UINT8,
};

/**
 * Encodes a graph as ONNX model bytes (operator set 17).
 * @param metadata what a file says of itself, by key
 */
export function encodeModel(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: "hypercrl",
    opsetImport: [{ domain: "", version: OPERATOR_SET }],
    graph: encodeGraph(graph, "main"),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return onnx.ModelProto.encode(model).finish();
}

/** Nodes that some output depends on, also from inside loop bodies; the runtime would compute the others too. */
function liveNodes(graph: Graph): Node[] {
  const needed = new Set(graph.outputs.map(({ tensor }) => tensor));
  const live: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((t) => needed.has(t))) continue;
    live.push(node);
    for (const t of node.inputs) if (t !== undefined) needed.add(t);
    for (const value of Object.values(node.attributes)) {
      if (value instanceof Graph) for (const t of outerInputs(value)) needed.add(t);
    }
  }
  return live.reverse();
}

/** Tensors of enclosing graphs that a graph uses. */
function outerInputs(graph: Graph): Tensor[] {
  const own = liveNodes(graph).flatMap((node) => [
    ...node.inputs.filter((t) => t !== undefined),
    ...Object.values(node.attributes).flatMap((v) => (v instanceof Graph ? outerInputs(v) : [])),
  ]);
  return [...own, ...graph.outputs.map((o) => o.tensor)].filter((t) => t.graph !== graph);
}

function encodeGraph(graph: Graph, name: string): proto.onnx.GraphProto {
  // Results are renamed by Identity nodes, which the runtime removes, so that names are the caller's.
  const renames = graph.outputs.map(({ name: output, tensor }) => ({
    opType: "Identity",
    input: [tensor.name],
    output: [output],
  }));
  return onnx.GraphProto.create({
    name,
    input: graph.inputs.map((t) => encodeValue(t.name, t)),
    output: graph.outputs.map((o) => encodeValue(o.name, o.tensor)),
    initializer: graph.constants.map(encodeConstant),
    node: [
      ...liveNodes(graph).map((node) => ({
        opType: node.operator,
        name: node.outputs[0]!.name,
        input: node.inputs.map((t) => t?.name ?? ""),
        output: node.outputs.map((t) => t.name),
        attribute: Object.entries(node.attributes).map(([key, value]) => encodeAttribute(key, value)),
      })),
      ...renames,
    ],
  });
}

function encodeValue(name: string, tensor: Tensor) {
  const dim = tensor.shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[tensor.type], shape: { dim } } } };
}

function encodeConstant({ tensor, data }: ConstantData) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    name: tensor.name,
    dims: tensor.shape as number[],
    dataType: ELEMENT_TYPE[tensor.type],
    rawData: bytes,
  };
}

function encodeAttribute(name: string, value: Attribute): proto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value as number[] };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.GRAPH, g: encodeGraph(value as Graph, name) };
}
