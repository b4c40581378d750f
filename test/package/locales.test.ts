import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/node-red.ts";

const NODES = join(ROOT, "nodes");
type Tree = { readonly [key: string]: string | Tree };

/** Dotted key and text of every leaf. */
function leaves(tree: Tree, prefix = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[prefix + key, value]] : leaves(value, `${prefix}${key}.`),
  );
}

const read = (...path: string[]): string => readFileSync(join(NODES, ...path), "utf8");
const catalog = (node: string, language: string): Map<string, string> => new Map(leaves(JSON.parse(read(node, "locales", `${language}.json`)) as Tree));
const holes = (text: string): string[] => (text.match(/__\w+?__/g) ?? []).sort();

for (const node of readdirSync(NODES)) {
  describe(`the texts of ${node}`, () => {
    const english = catalog(node, "en-US");
    const chinese = catalog(node, "zh-CN");

    it("exist in both languages, with the same placeholders", () => {
      assert.deepEqual([...chinese.keys()].sort(), [...english.keys()].sort());
      for (const [key, text] of english) assert.deepEqual(holes(chinese.get(key)!), holes(text), key);
    });

    it("are Chinese in Chinese", () => {
      const same = [...english].filter(([key, text]) => chinese.get(key) === text && /[a-z]{4}/.test(text)).map(([key]) => key);
      assert.deepEqual(same, []);
      assert.match(read(node, "locales", "zh-CN.md"), /[一-鿿]/);
    });

    it("have every key that the dialog names", () => {
      const html = read(node, "editor.html");
      const used = [...html.matchAll(/data-i18n="([^"]+)"/g)].flatMap(([, keys]) => keys!.split(";").map((key) => key.replace(/^\[.*\]/, "")));
      assert.deepEqual(
        used.filter((key) => !key.includes(":") && !english.has(key)),
        [],
      );
    });

    it("fit under the node where they are a status", () => {
      for (const [key, text] of [...english, ...chinese])
        if (key.startsWith("status.")) assert.ok(text.replace(/__\w+?__/g, "").trim().length <= 20, `${key}: ${text}`);
    });

    it("have help in both languages with the same sections", () => {
      const sections = (text: string): string[] => (text.match(/^#+ /gm) ?? []).map((mark) => mark.trim());
      assert.deepEqual(sections(read(node, "locales", "zh-CN.md")), sections(read(node, "help.md")));
    });
  });
}
