export const DIFFERENCES_TEXT =
  "method, or label, that the others are compared with, seed by seed (default: the first)";
export const SUITE_FILE_TEXT = "module of the task suite, when it does not come with the package";
export const ORACLE_TEXT =
  "what planning through the true simulator reaches, from `evaluate --oracle --out` (default: oracle.json in the folder, or the package's own)";
export const CHANGED_SUITE_TEXT = "go on although files of the suite have changed since the run was begun";
export const METHOD_FILE_TEXT = "module of the method, when it does not come with the package";
export const PLANNER_TEXT =
  "plan with this planner (default: the run's own); a file when it does not come with the package";
export const AFTER_TASK_TEXT =
  "use the state after n tasks, one that is learned again counted again (default: the last saved)";
export const MEMORY_TEXT =
  "refuse what needs more memory than this, by its settings (default: 80 % of the machine's)";
export const THREADS_TEXT =
  "threads that plan, train and evaluate together; same results (default: all cores, at most 4)";
