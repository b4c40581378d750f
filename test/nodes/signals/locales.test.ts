import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../../nodes/signals");
const read = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

function flat(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  return new Map(Object.entries(value as object).flatMap(([key, inner]) => [...flat(inner, path === "" ? key : `${path}.${key}`)]));
}

describe("millwright-signals: languages", () => {
  const en = flat(JSON.parse(read("locales/en-US.json")));
  const zh = flat(JSON.parse(read("locales/zh-CN.json")));

  it("have the same texts with the same holes", () => {
    assert.deepEqual([...zh.keys()], [...en.keys()]);
    const holes = (text: string) => [...text.matchAll(/__\w+__/g)].map(String).sort();
    for (const [key, text] of en) assert.deepEqual(holes(zh.get(key)!), holes(text), key);
  });

  it("hold every text that the editor asks for", () => {
    const html = [...read("editor.html").matchAll(/data-i18n="([^"]+)"/g)].flatMap((m) => m[1]!.split(";").map((k) => k.replace(/^\[\w+\]/, "")));
    const code = [...(read("editor.ts") + read("rows.editor.ts")).matchAll(/\bt\("([\w.]+)"/g)].map((m) => m[1]!);
    assert.ok(html.length > 5 && code.length > 5);
    for (const key of [...html, ...code]) assert.ok(en.has(key), key);
  });

  it("have help with the same sections", () => {
    const shape = (text: string) => text.match(/^(#+|- \*\*|\|)/gm);
    assert.deepEqual(shape(read("locales/zh-CN.md")), shape(read("help.md")));
  });
});
