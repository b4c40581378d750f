import { MillwrightError, toMillwrightError } from "../../errors.ts";
import { FitError } from "../types.ts";

/** What went wrong in a training run of the model `name`, as a coded error. */
export function trainingFailure(thrown: unknown, name: string): MillwrightError {
  return thrown instanceof FitError ? new MillwrightError("MW_TRAIN_FAILED", { field: name, got: thrown.text }, thrown) : toMillwrightError(thrown);
}
