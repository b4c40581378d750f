/**
 * Principal component analysis: T2 in the retained components and the squared prediction error Q in the rest, as the one combined index
 * of Yue & Qin (Industrial & Engineering Chemistry Research 2001), at the time scales of the Mahalanobis method.
 *
 *   S = V L V' (covariance of the smoothed z),  retained: the first k components with 90 % of the variance
 *   e' A e = T2 / k + Q / theta,   A = V_k L_k^-1 V_k' / k + (I - V_k V_k') / theta,   theta = sum of the other eigenvalues
 *
 * T2 / k and Q / theta both average 1 on normal data. Unlike Mahalanobis it does not magnify directions with nearly no variance.
 */
import { symmetricEigen } from "../linalg.ts";
import { createMahalanobis, type MahalanobisParams, type Metric } from "./mahalanobis.ts";
import type { Method } from "../types.ts";

export type PcaParams = MahalanobisParams;

const RETAINED = 0.9; // share of the variance

const combinedIndex: Metric = (s, n) => {
  const { values, vectors } = symmetricEigen(s, n);
  const total = values.reduce((sum, v) => sum + Math.max(0, v), 0);
  let k = 0,
    kept = 0;
  while (k < n && kept < RETAINED * total) kept += Math.max(0, values[k++]!);
  const theta = Math.max(1e-6 * total, total - kept);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let t2 = 0,
        projection = 0;
      for (let c = 0; c < k; c++) {
        const vv = vectors[i * n + c]! * vectors[j * n + c]!;
        t2 += vv / values[c]!;
        projection += vv;
      }
      a[i * n + j] = a[j * n + i] = t2 / k + ((i === j ? 1 : 0) - projection) / theta;
    }
  }
  return a;
};

export const pca: Method<PcaParams> = createMahalanobis({}, "pca", combinedIndex);
