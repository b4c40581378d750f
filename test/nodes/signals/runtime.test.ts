import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import { MillwrightError } from "../../../lib/errors.ts";
import { closeSlot, openSlot, signalSetOf, type SignalsNode } from "../../../nodes/signals/registry.ts";
import signals from "../../../nodes/signals/runtime.ts";
import { helper } from "../../support/helper.ts";

const PUMP = [{ name: "flow", unit: "m3/h", low: 0, high: 120, kind: "auto" }, { name: "on", kind: "discrete" }]; // prettier-ignore

/** What a node that uses signal sets has at hand. */
let RED: Pick<NodeAPI, "nodes">;
const user = (api: NodeAPI): void => {
  RED = api;
};

async function load(config: object): Promise<SignalsNode> {
  await helper.load([signals, user], [{ id: "set", type: "millwright-signals", name: "pump", ...config }]);
  return helper.getNode("set");
}

describe("millwright-signals", () => {
  before(() => helper.startServer());
  after(() => helper.stopServer());
  afterEach(() => helper.unload());

  it("gives its set to other nodes", async () => {
    const node = await load({ signals: JSON.stringify(PUMP), periodMs: "1000" });
    assert.equal(node.problem, undefined);
    assert.deepEqual(signalSetOf(RED, "set"), {
      signals: [
        { name: "flow", unit: "m3/h", low: 0, high: 120, kind: "auto" },
        { name: "on", unit: "", low: null, high: null, kind: "discrete" },
      ],
      periodMs: 1000,
    });
  });

  it("takes a list that is no text as well", async () => {
    assert.equal((await load({ signals: PUMP })).signalSet?.signals.length, 2);
  });

  const wrong: readonly (readonly [what: string, config: object, code: string, text: RegExp])[] = [
    ["an empty list", { signals: "[]" }, "MW_OPTION_REQUIRED", /signals/],
    ["no list", {}, "MW_OPTION_REQUIRED", /signals/],
    ["text that is no JSON", { signals: "[" }, "MW_OPTION_INVALID", /signals must be valid JSON/],
    ["a name twice", { signals: '[{"name":"a"},{"name":"a"}]' }, "MW_OPTION_INVALID", /signals\[1\]\.name/],
    ["limits the wrong way round", { signals: '[{"name":"a","low":2,"high":1}]' }, "MW_OPTION_INVALID", /low must be less than high/],
    ["a negative period", { signals: '[{"name":"a"}]', periodMs: -1 }, "MW_OPTION_INVALID", /periodMs.*>= 0|periodMs.*0\.\./],
  ];
  for (const [what, config, code, text] of wrong) {
    it(`says what is wrong: ${what}`, async () => {
      const node = await load(config);
      assert.deepEqual([node.signalSet, node.problem?.code], [undefined, code]);
      assert.match(node.problem?.message ?? "", text);
      assert.throws(() => signalSetOf(RED, "set"), (error: unknown) => error === node.problem); // prettier-ignore
    });
  }

  it("no set, and sets that do not exist", async () => {
    await load({ signals: PUMP });
    assert.equal(signalSetOf(RED, ""), undefined);
    assert.throws(() => signalSetOf(RED, "gone"), (error: unknown) => error instanceof MillwrightError && error.code === "MW_SIGNALS_UNKNOWN"); // prettier-ignore
  });

  describe("the last sample", () => {
    const ask = async (set = "set", lang = "en-US") => {
      const response = await helper.request().get("/millwright-signals/sample").query({ set, lang });
      return { status: response.status, body: response.body as Record<string, unknown> };
    };
    afterEach(() => ["a", "b", "c"].forEach(closeSlot));

    it("is the one of a node that uses the set, else of a node without a set", async () => {
      await load({ signals: PUMP });
      assert.equal((await ask()).status, 204);
      openSlot("a", "").sample = { temp: "71 degC", id: "x" };
      openSlot("b", "other").sample = { no: 1 };
      openSlot("c", "set");
      const first = await ask();
      assert.deepEqual([first.status, first.body], [200, { signals: [{ name: "temp", unit: "degC", low: null, high: null, kind: "auto" }], skipped: ["id"], node: "a" }]); // prettier-ignore
      openSlot("c", "set").sample = [1, 2];
      assert.deepEqual((await ask()).body["node"], "c");
      closeSlot("c");
      assert.deepEqual((await ask()).body["node"], "a");
    });

    it("says in the editor's language when there is nothing in it", async () => {
      await load({ signals: PUMP });
      openSlot("a", "set").sample = { id: "x" };
      const { status, body } = await ask("set", "zh-CN");
      assert.deepEqual([status, body["code"]], [400, "MW_PAYLOAD_TYPE"]);
      assert.match(String(body["message"]), /至少含一个数字/);
    });
  });
});
