/** What a run reports while it goes on, for people watching; nothing of it is needed to continue. */
export type ProgressEvent =
  | {
      readonly kind: "step";
      readonly task: string;
      readonly taskIndex: number;
      readonly steps: number;
      readonly total: number;
    }
  | {
      readonly kind: "baseline";
      readonly task: string;
      readonly taskIndex: number;
      readonly episode: number;
      readonly return: number;
      readonly success: boolean;
    }
  | { readonly kind: "planned"; readonly ms: number }
  | {
      readonly kind: "training";
      readonly ms: number;
      readonly taskLoss: number;
      readonly regularizer: number;
    }
  | {
      readonly kind: "episode";
      readonly task: string;
      readonly phase: "random" | "train";
      readonly return: number;
      readonly success: boolean;
    }
  | {
      readonly kind: "evaluation";
      readonly afterTask: number;
      readonly task: string;
      readonly episode: number;
      readonly return: number;
      readonly success: boolean;
    };
