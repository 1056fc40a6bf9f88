/** Folder inside of a sweep's for what its jobs in Slurm note. */
export const SLURM = "slurm";
