/** What is said about signals and readings, in both languages. The codes are part of the messages' contract; the words are not. */
import type { Language } from "../errors.ts";

export const SENTENCES = {
  // health of a signal
  missing: { en: "{signal} is missing", zh: "缺少 {signal}" },
  nan: { en: "{signal} is not a number", zh: "{signal} 不是数字" },
  unit: { en: "{signal} came in another unit than {expected}: not used", zh: "{signal} 的单位不是 {expected}：未使用" },
  low: { en: "{signal} reads {seen}, below its limit of {limit}", zh: "{signal} 读数为 {seen}，低于下限 {limit}" },
  high: { en: "{signal} reads {seen}, above its limit of {limit}", zh: "{signal} 读数为 {seen}，高于上限 {limit}" },
  stuck: {
    en: "{signal} is stuck at {seen}: {count} equal readings, at most {limit} are normal",
    zh: "{signal} 卡在 {seen}：连续 {count} 个相同读数，正常最多 {limit} 个",
  },
  scale: {
    en: "{signal} reads {seen}, {expected} is usual: the unit or scale seems to have changed ({change})",
    zh: "{signal} 读数为 {seen}，通常为 {expected}：单位或量程可能已改变（{change}）",
  },
  // the sample's time
  late: { en: "the sample came {elapsed} after the one before, {expected} is usual", zh: "样本与上一个相隔 {elapsed}，通常为 {expected}" },
  "clock-jump": { en: "the clock jumped by {elapsed}", zh: "时钟跳变了 {elapsed}" },
  duplicate: { en: "two samples have the same time stamp", zh: "两个样本的时间戳相同" },
  backwards: { en: "the sample is {elapsed} older than one seen before", zh: "样本比之前的样本早 {elapsed}" },
  // reading
  "signal-extra": { en: "{signal} is not in the signal set and is left out", zh: "{signal} 不在信号集中，已忽略" },
  "signal-more": { en: "more fields that are not in the signal set are left out without further notice", zh: "其余不在信号集中的字段将被忽略，不再提示" },
  "text-number": { en: "{signal} came as text and was read as a number ({got})", zh: "{signal} 以文本形式给出，已按数字读取（{got}）" },
  boolean: { en: "{signal} came as {got} and was read as {as}, though it is no on/off signal", zh: "{signal} 为 {got}，已读作 {as}，但它不是开关量" },
  "text-unit": { en: "{signal} came with a unit ({got}); the signal set names none", zh: "{signal} 带有单位（{got}），而信号集中未填写单位" },
  "unit-other": { en: "{signal} came as {got} but the signal set says {expected}: not used", zh: "{signal} 为 {got}，但信号集的单位是 {expected}：未使用" },
  "not-a-number": { en: "{signal} came as {got}, which is not a number", zh: "{signal} 为 {got}，不是数字" },
  "time-unreadable": { en: "{signal} holds {got}, which is no time: the time of arrival counts", zh: "{signal} 的值 {got} 不是时间，将使用到达时间" },
  "column-missing": { en: "the data has no column {signal}", zh: "数据中没有 {signal} 列" },
  "cells-unread": { en: "{count} values are not numbers and were left empty", zh: "{count} 个值不是数字，已留空" },
} as const satisfies Record<string, Readonly<Record<Language, string>>>;

export type SentenceCode = keyof typeof SENTENCES;

/** One thing said: `text` is English, `describe` gives it in the other language. */
export interface Sentence<C extends SentenceCode = SentenceCode> {
  readonly code: C;
  /** The signal (or field) that is meant; absent when it is the whole sample. */
  readonly signal?: string;
  readonly params: Readonly<Record<string, string>>;
  readonly text: string;
}

export function say<C extends SentenceCode>(code: C, signal: string | undefined, params: Readonly<Record<string, string>> = {}): Sentence<C> {
  const sentence = { code, params, ...(signal === undefined ? {} : { signal }) };
  return { ...sentence, text: fill(sentence, "en") };
}

export function describe(sentence: Sentence, language: Language): string {
  return language === "en" ? sentence.text : fill(sentence, language);
}

function fill({ code, signal, params }: Omit<Sentence, "text">, language: Language): string {
  return SENTENCES[code][language].replace(/\{(\w+)\}/g, (hole, name: string) => (name === "signal" ? (signal ?? hole) : (params[name] ?? hole)));
}
