/** Where runs are made unless another folder is given. */
export const RUNS_FOLDER = "runs";
