/** What holds for every example: whole, named, explained, and using every node of the pack. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type FlowNode } from "../support/node-red.ts";
import { Example, exampleFiles, FOLDER } from "./flows.ts";

const CONFIG = ["millwright-signals", "mqtt-broker", "ui-base", "ui-theme", "ui-page", "ui-group", "global-config"];
const UNNAMED = ["tab", "group", "global-config"];
/** Fields that hold the id of another node, and the config nodes that have a field of that name for something else. */
const REFERENCES = { z: "", g: "", signals: "millwright-signals", broker: "mqtt-broker", group: "", page: "", ui: "", theme: "" };

const text = (n: FlowNode, field: string): string => (typeof n[field] === "string" ? n[field] : "");
const sentences = (info: string): number => info.split(/(?<!\d)[.!?](?:\s|$)/).filter((s) => s.trim() !== "").length;

function targets(n: FlowNode): string[] {
  const wires = ((n["wires"] ?? []) as string[][]).flat();
  const links = (n["links"] ?? []) as string[];
  const inside = n.type === "group" ? (n["nodes"] as string[]) : [];
  const references = Object.entries(REFERENCES).flatMap(([field, except]) => (n.type === except || text(n, field) === "" ? [] : [text(n, field)]));
  return [...wires, ...links, ...inside, ...references];
}

describe("example flows", () => {
  it("are the four that the README names", () => {
    assert.deepEqual(exampleFiles().sort(), ["feedback.json", "mqtt.json", "pump-station.json", "train-from-csv.json"]);
  });

  it("use every node of the pack that is not a config node", () => {
    const pack = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { "node-red": { nodes: Record<string, string> } };
    const used = new Set(exampleFiles().flatMap((file) => new Example(file).nodes.map((n) => n.type)));
    for (const type of Object.keys(pack["node-red"].nodes)) if (!CONFIG.includes(type)) assert.ok(used.has(type), `${type} is in no example`);
  });

  it("share no ids, so that all can be imported into one Node-RED", () => {
    const seen = new Map<string, string>();
    for (const file of exampleFiles()) {
      for (const { id } of new Example(file).nodes) {
        assert.equal(seen.get(id), undefined, `${id} is in ${file} and ${seen.get(id) ?? ""}`);
        seen.set(id, file);
      }
    }
  });

  for (const file of exampleFiles()) {
    describe(file, () => {
      const { nodes } = new Example(file);

      it("has no wire, link or reference that leads nowhere", () => {
        const ids = new Set(nodes.map((n) => n.id));
        for (const n of nodes) for (const id of targets(n)) assert.ok(ids.has(id), `${n.type} "${text(n, "name")}" leads to ${id}`);
      });

      it("names every node", () => {
        for (const n of nodes) if (!UNNAMED.includes(n.type)) assert.notEqual(text(n, "name"), "", `a ${n.type} has no name`);
      });

      it("says in two sentences what to do", () => {
        const comments = nodes.filter((n) => n.type === "comment");
        assert.equal(comments.length, 1);
        assert.equal(sentences(text(comments[0]!, "info")), 2);
      });

      it("has every config node in use and every other node on its tab", () => {
        const tab = nodes.find((n) => n.type === "tab")!.id;
        const used = new Set(nodes.flatMap((n) => targets(n)));
        for (const n of nodes) {
          if (n.type === "tab" || n.type === "global-config") continue;
          if (CONFIG.includes(n.type)) assert.ok(used.has(n.id), `${n.type} is not used`);
          else assert.equal(n["z"], tab, `${n.type} "${text(n, "name")}" is on no tab`);
        }
      });

      it("names no other computer and no folder of this one", () => {
        const raw = readFileSync(join(FOLDER, file), "utf8");
        assert.doesNotMatch(raw, /https?:\/\/|\/home\/|\/Users\/|\/tmp\/|[A-Z]:\\\\/);
        for (const n of nodes) if (n.type === "mqtt-broker") assert.equal(n["broker"], "localhost");
      });
    });
  }
});
