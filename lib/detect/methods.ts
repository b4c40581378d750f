/** All methods by name. The compiler proves the table complete. */
import { forest } from "./methods/forest.ts";
import { mahalanobis } from "./methods/mahalanobis.ts";
import { nearest } from "./methods/nearest.ts";
import { pca } from "./methods/pca.ts";
import { robust } from "./methods/robust.ts";
import { varResiduals } from "./methods/var.ts";
import type { Method, MethodName } from "./types.ts";

/** The parameters are the method's own business; whoever holds both the name and the parameters got them from the same fit. */
export const METHODS: { readonly [N in MethodName]: Method<object> } = {
  mahalanobis: mahalanobis as Method<object>,
  var: varResiduals as Method<object>,
  nearest: nearest as Method<object>,
  pca: pca as Method<object>,
  robust: robust as Method<object>,
  forest: forest as Method<object>,
};
