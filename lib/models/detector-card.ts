/** What the card of a detector says. */
import { graphWindow } from "../detect/export/fused.ts";
import type { DetectorModel } from "../detect/model.ts";
import { iso, type ModelCard } from "./card.ts";
import { PRODUCER, VERSION } from "./version.ts";

export function detectorCard(model: DetectorModel): ModelCard {
  const { signals, kinds, periodMs, members, calibration, candidates, trained, why, limit, smoothing } = model;
  const window = graphWindow(model);
  return {
    task: "anomaly detection",
    signals: signals.map((s, i) => ({ ...s, kind: kinds[i] ?? s.kind })),
    window: { samples: window, periodMs },
    inputs: { window: `the last ${window} samples, oldest first, one column per signal, raw values without gaps` },
    outputs: { score: "higher is more anomalous; above 1 the limit is passed", contributions: "each signal's part of the score; their sum is the score" },
    method: members.map((m) => m.method).join(" + "),
    why,
    calibration: { ...calibration, limit },
    metrics: { members: members.map(({ method, weight, scale }) => ({ method, weight, scale })), smoothing, candidates },
    training: { samples: trained.rows, from: iso(trained.from), to: iso(trained.to), sha256: trained.digest, seed: trained.seed },
    limitsOfUse: { en: limitsInEnglish(model), zh: limitsInChinese(model) },
    licence: "not stated: up to the owner of the training data",
    created: iso(trained.created) ?? "",
    producer: `${PRODUCER} ${VERSION}`,
  };
}

/** The graph holds what was trained; adaptive methods go on learning while they run. */
const adapts = (model: DetectorModel): boolean => model.members.some((m) => m.method === "nearest");
const seconds = (ms: number): string => String(Number((ms / 1000).toPrecision(3)));
const rate = (perWeek: number): string => String(Number(perWeek.toPrecision(3)));
const percent = (share: number): string => String(Number((100 * share).toPrecision(3)));

function limitsInEnglish(model: DetectorModel): string[] {
  const { calibration: c, trained, periodMs } = model;
  return [
    `For these signals of this machine, in these units, at about one sample in ${seconds(periodMs)} s.`,
    `Learned from ${trained.rows} samples: what the machine did not do in that time raises the score, whether it is a fault or not.`,
    `At most ${rate(c.perWeek)} false alarms a week with ${percent(c.confidence)} % confidence, as long as normal operation stays as it was.`,
    "Not a safety function: it replaces no interlock, limit switch or alarm that is required.",
    ...(adapts(model) ? ["The graph is the detector as it was trained; what it has learned since, while running, is not in this file."] : []),
  ];
}

function limitsInChinese(model: DetectorModel): string[] {
  const { calibration: c, trained, periodMs } = model;
  return [
    `仅适用于本机器的这些信号、这些单位，采样间隔约 ${seconds(periodMs)} 秒。`,
    `根据 ${trained.rows} 个样本学习：机器在该时段内没有出现过的状态会使得分升高，无论是否为故障。`,
    `只要正常运行状态不变，以 ${percent(c.confidence)} % 的置信度，每周误报不超过 ${rate(c.perWeek)} 次。`,
    "不是安全功能：不能代替任何规定的联锁、限位开关或报警。",
    ...(adapts(model) ? ["图中是训练时的检测器；运行中继续学到的内容不在本文件中。"] : []),
  ];
}
