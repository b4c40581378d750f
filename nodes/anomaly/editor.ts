/** The dialog of millwright-anomaly. */
import type { EditorNodeInstance, EditorRED } from "node-red";
import { editorDefaults, type EditorProperties } from "../../lib/nodered/options.ts";
import { count, span, target } from "./hints.editor.ts";
import { options } from "./options.ts";
import { StatePanel, type Overview, type Translate } from "./panel.editor.ts";

declare const RED: EditorRED;

type Properties = EditorProperties<typeof options>;
type Instance = EditorNodeInstance<Properties>;

const MINUTE = 60_000; // ms
/** A choice list under the field `name`: its values, and the locale keys of their texts. */
const CHOICES = { mode: "modes", method: "methods", learnUnit: "units", promote: "promotes" } as const;

let panel: StatePanel | undefined;

function field(name: string): JQuery {
  return $(`#node-input-${name}`);
}

const text = (name: string): string => String(field(name).val() ?? "");

/** Time between samples: of the chosen signal set, else as the running node learned it; 0 = unknown. */
function period(overview: Overview | undefined): number {
  const set = RED.nodes.node(text("signals")) as { readonly periodMs?: number | string } | null;
  const given = Number(set?.periodMs ?? 0);
  return given > 0 ? given : (overview?.periodMs ?? 0);
}

function hints(t: Translate, overview: Overview | undefined): void {
  const language = RED.i18n.lang();
  const [mode, unit] = [text("mode"), text("learnUnit")];
  const [learnFor, perWeek, ms] = [Number(text("learnFor")), Number(text("falseAlarms")), period(overview)];
  $("#millwright-mode-hint").text(t(`modeHints.${mode}`));
  $("#millwright-method-hint").text(t(`methodHints.${text("method")}`));
  $(".millwright-learn").toggle(mode !== "command");
  const samples = unit === "samples" ? learnFor : (learnFor * MINUTE) / ms;
  const known = ms > 0 && learnFor > 0 && perWeek > 0;
  const values = { period: span(ms, language), samples: count(samples, language), span: span(samples * ms, language) };
  $("#millwright-learn-hint").text(known ? t(unit === "samples" ? "learnSpan" : "learnMinutes", values) : "");
  if (!known) {
    $("#millwright-target-hint").text(t("targetUnknown")).removeClass("millwright-warn");
    return;
  }
  const { interval, needed } = target(perWeek, ms);
  const short = mode !== "command" && samples < needed;
  $("#millwright-target-hint")
    .text(
      t(short ? "targetShort" : "targetHint", {
        period: values.period,
        samples: count(interval, language),
        needed: count(needed, language),
        span: span(needed * ms, language),
      }),
    )
    .toggleClass("millwright-warn", short);
}

RED.nodes.registerType<Properties>("millwright-anomaly", {
  category: "millwright",
  color: "#8fc4c1",
  icon: "millwright-anomaly.svg",
  defaults: editorDefaults(options, RED.i18n.lang()),
  inputs: 1,
  outputs: 2,
  paletteLabel() {
    return this._("editor.label");
  },
  label() {
    return this.name || this._("editor.label");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  inputLabels() {
    return this._("editor.inputLabel");
  },
  outputLabels(index: number) {
    return this._(index === 0 ? "editor.outputMessages" : "editor.outputEvents");
  },
  oneditprepare(this: Instance) {
    const t: Translate = (key, values) => this._(`editor.${key}`, values as Record<string, string>);
    for (const [name, keys] of Object.entries(CHOICES) as [keyof typeof CHOICES, string][]) {
      const select = field(name);
      for (const value of options[name].values)
        select.append(
          $("<option>")
            .val(value)
            .text(t(`${keys}.${value}`)),
        );
      select.val(this[name]);
    }
    let seen: Overview | undefined;
    const update = (): void => hints(t, seen);
    for (const name of ["mode", "method", "learnUnit", "learnFor", "falseAlarms", "signals"]) field(name).on("change input", update);
    panel = new StatePanel(this.id, $("#millwright-state-body"), t, (overview) => {
      seen = overview;
      update();
    });
    update();
  },
  oneditsave() {
    panel?.close();
  },
  oneditcancel() {
    panel?.close();
  },
});
