/** The editor's side of millwright-signals. */
import type { EditorRED } from "node-red";
import { MillwrightError, type Language } from "../../lib/errors.ts";
import { editorDefaults, type EditorProperties } from "../../lib/nodered/options.ts";
import { mergeSignals } from "../../lib/signals/merge.ts";
import { parseSignals, signalsFromHeader, signalsFromSample, type Proposal } from "../../lib/signals/set.ts";
import type { SignalSpec } from "../../lib/signals/types.ts";
import { options } from "./options.ts";
import { SignalRows, toRow, type Row } from "./rows.editor.ts";

declare const RED: EditorRED;

type Properties = EditorProperties<typeof options>;
type Source = "json" | "csv";

const language: Language = RED.i18n.lang().startsWith("zh") ? "zh" : "en";
const t = (key: string, params: Record<string, string | number> = {}): string => RED._(`@millwright/node-red-ai/millwright-signals:${key}`, params);

const LEAST = 160; // px: room for two signals
const MARGIN = 20; // px below the form
let formHeight = 500; // px
let rows: SignalRows | undefined; // of the open dialog

/** The stored list, also when it is not valid (yet): the dialog must be able to show it. */
function stored(text: unknown): Row[] {
  try {
    const list: unknown = typeof text === "string" ? JSON.parse(text) : text;
    if (!Array.isArray(list)) return [];
    return list.map((entry: unknown) => {
      const { name, unit, low, high, kind } = (entry ?? {}) as Readonly<Record<string, unknown>>;
      const word = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
      return { name: word(name), unit: word(unit), low: word(low), high: word(high), kind: word(kind) || "auto" };
    });
  } catch {
    return [];
  }
}

/** The list takes what the rest of the dialog leaves. */
function fit(): void {
  const others = $("#millwright-signals-form").children(":visible").not("#millwright-signals-box").toArray();
  const used = others.reduce((sum, element) => sum + ($(element).outerHeight(true) ?? 0), 0);
  rows?.height(Math.max(LEAST, formHeight - used - MARGIN));
}

function showPaste(shown: boolean): void {
  $("#millwright-signals-paste").toggle(shown);
  fit();
}

const say = (text: string, bad = false): void => {
  $("#millwright-signals-said").text(text).toggleClass("millwright-signals-bad", bad);
};

function reason(error: unknown): string {
  if (error instanceof MillwrightError) return error.describe(language);
  if (error instanceof SyntaxError) return t("said.noJson");
  throw error;
}

/** Puts proposed signals into the list and says what happened. */
function take({ signals, skipped }: Proposal, from = ""): void {
  if (rows === undefined) return;
  const typed = rows.read();
  const present = typed.map((row): SignalSpec => ({ ...row, low: null, high: null, kind: "auto" }));
  const merged = mergeSignals(present, signals);
  const mine = new Map(typed.map((row) => [row.name, row]));
  rows.write(merged.signals.map((spec) => ({ ...toRow(spec), ...mine.get(spec.name), unit: spec.unit })));
  const names = (list: readonly string[]): string => list.slice(0, 8).join(", ") + (list.length > 8 ? ", ..." : "");
  const parts = [
    from && t("said.from", { node: from }),
    t("said.taken", { added: merged.added, known: merged.known }),
    skipped.length > 0 && t("said.skipped", { names: names(skipped) }),
    merged.absent.length > 0 && t("said.absent", { names: names(merged.absent) }),
  ];
  say(parts.filter(Boolean).join(" "));
}

function fillFromLast(id: string): void {
  $.getJSON("millwright-signals/sample", { set: id, lang: RED.i18n.lang() })
    .done((answer: (Proposal & { readonly node: string }) | undefined) => {
      if (answer) take(answer, answer.node);
      else say(t("said.noSample"), true);
    })
    .fail(({ status, responseJSON }) => {
      const { message } = (responseJSON ?? {}) as { readonly message?: string };
      say(message ?? t("said.failed", { status }), true);
    });
}

function openPaste(source: Source): void {
  $("#millwright-signals-paste").data("source", source);
  showPaste(true);
  $("#millwright-signals-text")
    .attr({ placeholder: t(`paste.${source}`), "aria-label": t(`paste.${source}`) })
    .val("")
    .trigger("focus");
  say("");
}

function takePasted(): void {
  const text = String($("#millwright-signals-text").val() ?? "").trim();
  try {
    if ($("#millwright-signals-paste").data("source") === "csv") {
      take(signalsFromHeader(text));
    } else {
      const sample: unknown = JSON.parse(text);
      take(signalsFromSample(Array.isArray(sample) && typeof sample[0] === "object" ? sample[0] : sample));
    }
    showPaste(false);
  } catch (error) {
    say(reason(error), true);
  }
}

RED.nodes.registerType<Properties>("millwright-signals", {
  category: "config",
  defaults: editorDefaults(options, RED.i18n.lang()),
  paletteLabel: () => t("label.palette"),
  label() {
    const list = stored(this.signals);
    return (
      this.name || (list.length === 0 ? t("label.none") : `${t("label.count", { count: list.length })}: ${list.map((r) => r.name).join(", ")}`.slice(0, 60))
    );
  },
  oneditprepare() {
    const problem = $("#millwright-signals-problem");
    const list = new SignalRows($("#millwright-signals-list"), t, () => {
      problem.text(rows?.check(language) ?? "");
    });
    rows = list;
    list.write(stored(this.signals));
    if (this.periodMs === 0) $("#node-config-input-periodMs").val("");
    showPaste(false);
    const { id } = this;
    $("#millwright-signals-last").on("click", () => fillFromLast(id));
    $("#millwright-signals-json").on("click", () => openPaste("json"));
    $("#millwright-signals-csv").on("click", () => openPaste("csv"));
    $("#millwright-signals-take").on("click", takePasted);
    $("#millwright-signals-cancel").on("click", () => showPaste(false));
  },
  oneditsave() {
    const typed = rows?.read() ?? [];
    this.signals = JSON.stringify(normal(typed));
    this.periodMs = Number(String($("#node-config-input-periodMs").val() ?? "").replace(",", ".")) || 0;
    rows = undefined;
  },
  oneditcancel() {
    rows = undefined;
  },
  oneditresize({ height }) {
    formHeight = height;
    fit();
  },
});

/** Valid lists are stored with numbers for limits; others as typed, so that nothing is lost. */
function normal(typed: readonly Row[]): readonly (SignalSpec | Row)[] {
  try {
    return parseSignals(typed);
  } catch {
    return typed;
  }
}
