import assert from "node:assert/strict";
import { mergeSignals } from "../../../lib/signals/merge.ts";
import { spec } from "./simulate.ts";

describe("mergeSignals", () => {
  it("keeps what was set by hand, in the order of the proposal", () => {
    const present = [spec("p", { low: 0, high: 16 }), spec("gone", { unit: "A" }), spec("")];
    const { signals, added, known, absent } = mergeSignals(present, [spec("t", { unit: "degC" }), spec("p", { unit: "bar" })]);
    assert.deepEqual(signals, [spec("t", { unit: "degC" }), spec("p", { unit: "bar", low: 0, high: 16 }), spec("gone", { unit: "A" })]);
    assert.deepEqual([added, known, absent], [1, 1, ["gone"]]);
  });
});
