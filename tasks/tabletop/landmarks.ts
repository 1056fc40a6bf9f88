import type { ChannelSpan } from "../../sim/channel-span.js";
import { tuple } from "../../sim/core/tuple.js";
import type { Landmarks } from "../../sim/task.js";
import { cornerMean } from "./corners.js";

/** Where an observation tells the places of the gripper and of a block. */
export interface TableLandmarks {
  /** What people call the block. */
  readonly block: string;
  /** x and y of the block's corners. */
  readonly corners: ChannelSpan;
  /** Corners in whose middle the point is that `fromGripper` leads to. */
  readonly reference: ChannelSpan;
  /** x and y of that point minus the gripper's. */
  readonly fromGripper: ChannelSpan;
  /** Of the end effector and of the block's middle, m: no channel tells them, and a block may tip over. */
  readonly height: { readonly gripper: number; readonly block: number };
}

/** The gripper and a block on a table, as far as observations tell. */
export function tableLandmarks({
  block,
  corners,
  reference,
  fromGripper,
  height,
}: TableLandmarks): Landmarks {
  return {
    names: ["gripper", block],
    locate: (observations) =>
      observations.map((observation) => {
        const [x, y] = cornerMean(observation, reference);
        const [offsetX, offsetY] = tuple(fromGripper.read(observation), 2);
        return [
          [x - offsetX, y - offsetY, height.gripper],
          [...cornerMean(observation, corners), height.block],
        ];
      }),
  };
}
