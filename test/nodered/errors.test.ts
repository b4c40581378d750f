import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { ERROR_STATUS, type ErrorCode, ERRORS, MillwrightError, show, toMillwrightError } from "../../lib/errors.ts";
import { localised, runtimeLanguage } from "../../lib/nodered/errors.ts";
import { ROOT } from "../support/node-red.ts";

const codes = Object.keys(ERRORS) as ErrorCode[];
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort();

describe("the error table", () => {
  it("has the same placeholders in both languages", () => {
    for (const code of codes) assert.deepEqual(holes(ERRORS[code].zh), holes(ERRORS[code].en), code);
  });

  it("has status texts that fit under a node", () => {
    for (const text of Object.values(ERROR_STATUS)) assert.ok(text.en.length <= 20 && text.zh.length <= 10);
  });

  it("is what docs/errors.md says", async () => {
    const text = await readFile(join(ROOT, "docs/errors.md"), "utf8");
    const rows = [...text.matchAll(/^\| `(MW_\w+)` *\| (.+?) \| .+\|$/gm)].map(([, code, message]) => [code, message?.trim()]);
    const table = codes.map((code) => [code, ERRORS[code].en]);
    assert.deepEqual(rows.sort(), table.sort());
  });

  it("leaves no placeholder unfilled", () => {
    for (const code of codes) {
      const details = Object.fromEntries(holes(ERRORS[code].en).map((name) => [name, { en: `<${name}>`, zh: `《${name}》` }]));
      const error = new MillwrightError(code, details);
      assert.doesNotMatch(error.message + error.describe("zh"), /[{}]|\[object/);
      assert.match(error.describe("zh"), /[一-鿿]/);
    }
  });

  it("knows what a failing file system means", () => {
    const full = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC", path: "/x/model.onnx" });
    const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", path: "/x" });
    assert.deepEqual(
      [toMillwrightError(full).code, toMillwrightError(denied).code, toMillwrightError(new Error("?")).code],
      ["MW_STORE_FULL", "MW_STORE_IO", "MW_INTERNAL"],
    );
    assert.equal(toMillwrightError(full).cause, full);
  });

  it("shows any value in a line", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withTypedArray: true, withDate: true, withNullPrototype: true, withMap: true }), (value) => {
        const error = new MillwrightError("MW_INTERNAL", { got: show(value) });
        assert.ok(error.message.length < 110 && error.describe("zh").length < 110);
      }),
    );
  });

  it("keeps code, details, cause and stack in another language", () => {
    const cause = new Error("why");
    const error = new MillwrightError("MW_STORE_IO", { field: "f", got: "EIO" }, cause);
    const copy = localised(error, "zh");
    assert.deepEqual([copy.code, copy.details, copy.cause, copy.stack, copy.message], [error.code, error.details, cause, error.stack, "无法读写 f：EIO"]);
    assert.equal(localised(error, "en"), error);
  });

  it("speaks the language of settings.js, else the locale's", () => {
    const of = (lang: string | undefined, env: NodeJS.ProcessEnv): string => runtimeLanguage({ settings: { lang } } as never, env);
    assert.deepEqual(
      [of("zh-CN", {}), of("en-US", { LANG: "zh_CN.UTF-8" }), of(undefined, { LANG: "zh_CN.UTF-8" }), of(undefined, {})],
      ["zh", "en", "zh", "en"],
    );
  });
});
