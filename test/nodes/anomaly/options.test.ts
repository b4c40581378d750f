/** The model's name: the dialog and the runtime agree. */
import assert from "node:assert/strict";
import { checkName } from "../../../lib/models/names.ts";
import { editorDefaults, parseOptions } from "../../../lib/nodered/options.ts";
import { options } from "../../../nodes/anomaly/options.ts";

describe("the model's name", () => {
  const { validate } = editorDefaults(options, "en-US").model;
  const good = ["", "  ", "pump 1", "Pumpe_3.v2-b", "泵站 一号", " pump "];
  const bad = ["a/b ../x", "../../etc", "a\\b", ".hidden", "con", "dot.", "a:b", "x".repeat(121), "泵".repeat(41)];
  for (const name of good) {
    it(`${JSON.stringify(name)} is taken`, () => {
      assert.equal(validate(name), true);
      assert.equal(parseOptions(options, { model: name }).model, name);
      if (name.trim() !== "") assert.equal(checkName(name.trim()), name.trim());
    });
  }
  for (const name of bad) {
    it(`${JSON.stringify(name.slice(0, 20))} is refused`, () => {
      assert.match(String(validate(name)), /^model must be a model name of letters, .* got /);
      assert.throws(() => parseOptions(options, { model: name }), { code: "MW_MODEL_NAME" });
    });
  }
  it("says so in Chinese too", () => assert.match(String(editorDefaults(options, "zh-CN").model.validate("a/b")), /^model 必须是/));
});
