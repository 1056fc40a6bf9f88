import { elementAt } from "../../../sim/core/element.js";
import { largest, smallest } from "../../../sim/core/extremes.js";
import { pointsOf } from "../curve-points.js";
import type { Curve } from "../data.js";
import type { Theme } from "./theme.js";

/** Points of a curve up to which each is marked. */
const FEW = 40;
/** Opacity that the bands of all lines share: many on top of each other would hide the lines. */
const BANDS = { least: 0.07, most: 0.2, together: 0.5 };

type SegmentPoint = readonly [x: number, mean: number, low: number, high: number, n: number];

/** Points of one task and phase, which are joined. */
interface Segment {
  readonly phase: "random" | "train";
  /** 0-based. */
  readonly task: number;
  /** Steps, mean, low, high, runs. */
  readonly points: readonly [SegmentPoint, ...SegmentPoint[]];
}

function segmentsOf(curve: Curve): Segment[] {
  const segments: (Segment & { points: [SegmentPoint, ...SegmentPoint[]] })[] = [];
  for (const { task, phase, steps, mean, low, high, n } of pointsOf(curve)) {
    const last = segments.at(-1);
    const point = [steps, mean, low, high, n] as const;
    if (last?.task === task && last.phase === phase) last.points.push(point);
    else segments.push({ phase, task, points: [point] });
  }
  return segments;
}

/** How many of the curves below run through the same points as a segment, which would hide them. */
function hiddenBelow(segment: Segment, below: readonly Segment[][]): number {
  const meansOf = ({ phase, task, points }: Segment) =>
    JSON.stringify([phase, task, points.map(([x, mean]) => [x, mean])]);
  const own = meansOf(segment);
  return below.filter((segments) => segments.some((other) => meansOf(other) === own)).length;
}

/** Dashes, px, that leave gaps for each of the lines below. */
const gapsFor = (lines: number) => [6, 6 * lines];

/** The lines and the band of one curve. @param below the curves that are drawn before it */
export function curveSeries(
  curve: Curve,
  below: readonly Curve[],
  index: number,
  shown: number,
  theme: Theme,
): object[] {
  const opacity = Math.min(BANDS.most, Math.max(BANDS.least, BANDS.together / shown));
  const color = theme.line(index);
  const segments = segmentsOf(curve);
  const banded = segments.filter(({ points }) => points.length > 1 && points.some(([, , , , n]) => n > 1));
  const random = segments.filter(({ phase }) => phase === "random");
  const trained = segments.filter(({ phase }) => phase === "train");
  const others = below.map(segmentsOf);
  const hidden = new Map(trained.map((segment) => [segment, hiddenBelow(segment, others)]));
  const counts = [...new Set(hidden.values())].sort((x, y) => x - y);
  const trainedLines = counts.map((count) => {
    const own = trained.filter((segment) => hidden.get(segment) === count);
    return lineSeries(curve, own, { color, width: 2, type: count > 0 ? gapsFor(count) : theme.dash(index) });
  });
  return [
    ...(banded.length > 0 ? [band(banded, color, opacity)] : []),
    lineSeries(curve, random, { color, width: 1, type: "dotted" }),
    ...trainedLines,
  ];
}

interface LineStyle {
  readonly color: string;
  /** px */
  readonly width: number;
  /** A kind of line, or the lengths of its dashes, px. */
  readonly type: string | number[];
}

/** One line through some segments of a curve. */
function lineSeries(curve: Curve, segments: readonly Segment[], lineStyle: LineStyle): object {
  return {
    type: "line",
    name: curve.label,
    symbol: "circle",
    symbolSize: 4,
    showSymbol: curve.steps.length <= FEW,
    itemStyle: { color: lineStyle.color },
    lineStyle,
    // An empty point keeps one task's line from going on into the next.
    data: segments.flatMap(({ points }) => [...points, [points.at(-1)![0], null]]),
  };
}

interface Canvas {
  coord(point: readonly number[]): [x: number, y: number];
}

/** From the lowest to the highest run. */
function band(segments: readonly Segment[], color: string, opacity: number): object {
  const extent = ({ points }: Segment) => [
    ...[points[0][0], points.at(-1)![0]],
    ...[smallest(points.map((p) => p[2])), largest(points.map((p) => p[3]))],
  ];
  return {
    type: "custom",
    silent: true,
    clip: true,
    z: 1,
    tooltip: { show: false },
    encode: { x: [0, 1], y: [2, 3] },
    data: segments.map(extent),
    renderItem: ({ dataIndex }: { dataIndex: number }, canvas: Canvas) => {
      const { points } = elementAt(segments, dataIndex, "segments");
      const upper = points.map(([x, , , high]) => canvas.coord([x, high]));
      const lower = points.map(([x, , low]) => canvas.coord([x, low])).reverse();
      return {
        type: "polygon",
        shape: { points: [...upper, ...lower] },
        style: { fill: color, opacity },
      };
    },
  };
}
