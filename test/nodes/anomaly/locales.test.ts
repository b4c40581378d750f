import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STATUS_KEYS } from "../../../lib/detect/station/status.ts";
import { options } from "../../../nodes/anomaly/options.ts";
import { parseOptions } from "../../../lib/nodered/options.ts";

const FOLDER = join(import.meta.dirname, "../../../nodes/anomaly");
const read = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

function flat(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  return new Map(Object.entries(value as object).flatMap(([key, inner]) => [...flat(inner, path === "" ? key : `${path}.${key}`)]));
}

describe("millwright-anomaly: languages", () => {
  const en = flat(JSON.parse(read("locales/en-US.json")));
  const zh = flat(JSON.parse(read("locales/zh-CN.json")));

  it("have the same texts with the same holes", () => {
    assert.deepEqual([...zh.keys()].sort(), [...en.keys()].sort());
    const holes = (text: string): string[] => [...text.matchAll(/__\w+__/g)].map(String).sort();
    for (const [key, text] of en) assert.deepEqual(holes(zh.get(key)!), holes(text), key);
  });

  it("hold a status text for every state, short enough to fit under the node", () => {
    for (const texts of [en, zh]) {
      for (const key of STATUS_KEYS) {
        const text = texts.get(`status.${key}`);
        assert.ok(text !== undefined, key);
        const value = key === "alarm" ? "vibration 9.99" : key === "blind" || key === "check" ? "vib" : "100";
        assert.ok(Array.from(text.replace("__value__", value)).length <= 20, text);
      }
    }
  });

  it("hold every text that the editor asks for", () => {
    const html = [...read("editor.html").matchAll(/data-i18n="([^"]+)"/g)].map((m) => m[1]!.replace(/^\[\w+\]/, ""));
    const code = [...(read("editor.ts") + read("panel.editor.ts")).matchAll(/(?:\bt|this\.#t)\("([\w.]+)"/g)].map((m) => `editor.${m[1]}`);
    const choices = [
      ...options.mode.values.flatMap((v) => [`editor.modes.${v}`, `editor.modeHints.${v}`]),
      ...options.method.values.flatMap((v) => [`editor.methods.${v}`, `editor.methodHints.${v}`]),
      ...options.learnUnit.values.map((v) => `editor.units.${v}`),
      ...options.promote.values.map((v) => `editor.promotes.${v}`),
    ];
    assert.ok(html.length > 20 && code.length > 8);
    for (const key of [...html, ...code, ...choices]) assert.ok(en.has(key), key);
  });

  it("have help with the same sections and the same properties", () => {
    const shape = (text: string): unknown => [...text.matchAll(/^(###|\d\.|: \*?\w+\*?|- )/gm)].map((m) => m[1]);
    assert.deepEqual(shape(read("locales/zh-CN.md")), shape(read("help.md")));
  });

  it("the dialog has a field for every option, and every default is valid", () => {
    const html = read("editor.html");
    for (const name of Object.keys(options)) assert.ok(html.includes(`id="node-input-${name}"`), name);
    assert.equal(parseOptions(options, {}).learnFor, 1000);
  });
});
