/** Carries out `msg.command`. Each order answers with what the message then carries under `msg.anomaly`. */
import { fail } from "../../errors.ts";
import type { Dataset } from "../../message/dataset.ts";
import { parseFeedback, parseVersion, type CommandName } from "./commands.ts";
import { evaluate } from "./evaluate.ts";
import type { Learner } from "./learner.ts";
import { replay, type ReplaySettings } from "./replay.ts";
import { summary } from "./summary.ts";
import { recorded } from "./recorded.ts";

export interface Order {
  readonly learner: Learner;
  readonly payload: unknown;
  readonly version: unknown;
  readonly feedback: unknown;
  /** The dataset that the message brings; undefined when it brings none. */
  readonly dataset: () => Promise<Dataset | undefined>;
  readonly settings: ReplaySettings["detector"];
  readonly signal: AbortSignal;
}

const ORDERS: { readonly [C in CommandName]: (order: Order) => object | Promise<object> } = {
  train: async ({ learner, dataset }) => {
    const { model, promoted, why, samples, falseAlarmsPerWeek } = await learner.train(await dataset());
    return { model, promoted, why, samples, falseAlarmsPerWeek };
  },
  evaluate: async ({ learner, dataset, settings, signal }) => {
    const { loaded, live } = learner;
    if (!loaded) return fail("MW_COMMAND_STATE", { field: "evaluate", got: { en: "nothing has been learned yet", zh: "尚未学习任何内容" } });
    const data = (await dataset()) ?? (live && (await recorded(live, signal)));
    if (!data) return fail("MW_PAYLOAD_EMPTY", { field: "payload" });
    const scored = await replay({ detector: settings, model: loaded.model, limitFactor: live?.detector.limitFactor ?? 1 }, data, signal);
    return { model: loaded.info, evaluation: await evaluate(data, scored, loaded.model.periodMs, signal), scores: scored.scores, episodes: scored.episodes };
  },
  promote: async ({ learner, version, payload }) => ({ model: (await learner.promote(parseVersion(version, payload))).model }),
  rollback: async ({ learner }) => ({ model: (await learner.rollback()).model }),
  reset: ({ learner }) => {
    learner.reset();
    return {};
  },
  cancel: ({ learner }) => ({ cancelled: learner.cancel() }),
  feedback: ({ learner, feedback, payload }) => learner.feedback(parseFeedback(feedback, payload)),
  status: ({ learner }) => summary(learner),
};

export async function obey(command: CommandName, order: Order): Promise<object> {
  return { command, ...(await ORDERS[command](order)) };
}
