import { parseArgs } from "node:util";

/** `--name value` arguments; those in `required` must be there. Ends the process with a sentence when they are not. */
export function readArguments<K extends string>(names: readonly K[], required: readonly K[]): { readonly [N in K]?: string } {
  const options = Object.fromEntries(names.map((n) => [n, { type: "string" as const }]));
  const { values } = parseArgs({ options, allowPositionals: false });
  const missing = required.filter((n) => values[n] === undefined);
  if (missing.length > 0) {
    console.error(`missing: ${missing.map((n) => `--${n}`).join(" ")}   (known: ${names.map((n) => `--${n}`).join(" ")})`);
    process.exit(2);
  }
  return values as { readonly [N in K]?: string };
}
