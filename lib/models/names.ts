/** Model names become folder names: what a file system could take for something else is refused. No Node in here: the editor uses it too. */
import { fail, show } from "../errors.ts";

const ALLOWED = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._-]*$/u;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i; // devices on Windows
const MAX_BYTES = 120;

/** The folder name for the model `name`, in any script, in one Unicode form. Throws `MW_MODEL_NAME`. `field` is what the engineer filled in. */
export function checkName(name: string, field = "the model"): string {
  const folder = typeof name === "string" ? name.normalize("NFC") : "";
  if (!ALLOWED.test(folder) || RESERVED.test(folder) || /[. ]$/.test(folder) || new TextEncoder().encode(folder).length > MAX_BYTES)
    fail("MW_MODEL_NAME", { field, got: show(name) });
  return folder;
}
