/** Works on a store and a state file without end, saying on stdout what is done; its tests kill it. Arguments: folder, model name. */
import { createHash, randomBytes } from "node:crypto";
import path from "node:path";
import { writeState } from "../../../lib/models/state.ts";
import { ModelStore } from "../../../lib/models/store.ts";

const [root = "", name = ""] = process.argv.slice(2);
const store = new ModelStore(root);

/** Contents that prove themselves: random bytes, then their SHA-256. */
const contents = (): Uint8Array => {
  const bytes = randomBytes(1000 + Math.floor(Math.random() * 300_000));
  return Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);
};

for (let i = 1; ; i++) {
  const { version } = await store.write(name, contents(), { promote: true });
  await writeState(path.join(root, "..", `${name}.state`), contents());
  process.stdout.write(`${version}\n`);
  if (i % 3 === 0) await store.promote(name, version - 1).catch(() => undefined);
  if (i % 5 === 0) await store.rollback(name).catch(() => undefined);
  if (i % 4 === 0) await store.prune(name, 3);
}
