/** Drift: the score is raised far more often than on the data that was learned, without an alarm. */

/** On normal data a tenth of the samples lies above the calibration's threshold (its 0.9 quantile). */
const DRIFTED = 0.4;
const REARM = 0.2;
const NORMAL = 0.1;
/** The share is an exponential mean over as many samples as were learned, within these bounds. */
const MIN_SAMPLES = 500;
const MAX_SAMPLES = 50_000;

export interface DriftState {
  readonly share: number;
  readonly told: boolean;
}

export class DriftMeter {
  private share = NORMAL;
  private told = false;
  private readonly weight: number;

  constructor(learned: number) {
    this.weight = 1 / Math.max(MIN_SAMPLES, Math.min(MAX_SAMPLES, learned));
  }

  /** Advances by one sample; returns the share of raised samples when drift is to be told, else 0. */
  push(raised: boolean): number {
    this.share += this.weight * ((raised ? 1 : 0) - this.share);
    if (this.told) this.told = this.share > REARM;
    else if (this.share > DRIFTED) {
      this.told = true;
      return this.share;
    }
    return 0;
  }

  save(): DriftState {
    return { share: this.share, told: this.told };
  }

  load(state: DriftState): void {
    this.share = state.share;
    this.told = state.told;
  }
}
